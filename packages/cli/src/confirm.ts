import { CliError } from './errors.ts'

/**
 * Returns when a person agrees, or --yes did so beforehand. Throws INTERRUPTED when they do not, and
 * CONFIRMATION_REQUIRED when there is nobody to ask. The question goes to stderr: stdout is for the result.
 */
export async function confirm(question: string, options: { readonly yes?: true }): Promise<void> {
  if (options.yes === true) return
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new CliError(
      'CONFIRMATION_REQUIRED',
      `${question} Nobody can be asked here: say --yes to do it, --dry-run to see what it would do`,
    )
  }
  const { confirm: ask, isCancel } = await import('@clack/prompts')
  const answer = await ask({ message: question, initialValue: false, output: process.stderr })
  if (isCancel(answer) || !answer) throw new CliError('INTERRUPTED', 'nothing was changed')
}
