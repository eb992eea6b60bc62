import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CliError, codeOf } from '../../errors.ts'
import type { Session } from '../../session.ts'

/** To stdout, or to a file that is not there yet. */
export async function writeSpec(
  session: Session,
  yaml: string,
  file: string | undefined,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  if (file === undefined) {
    session.output.result({ yaml, ...more }, () => yaml.trimEnd())
    return
  }
  try {
    await writeFile(resolve(session.cwd, file), yaml, { flag: 'wx' })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    throw new CliError('USAGE_INVALID', `${file} is there already, and is not overwritten; choose another name`, error)
  }
  session.output.result({ file, ...more }, () => `wrote ${file}`)
}
