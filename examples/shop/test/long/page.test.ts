import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, inject, it, onTestFinished } from 'vitest'
import { openPage } from '../../../../test/support/browser.ts'

const demo = fileURLToPath(new URL('../../demo/main.ts', import.meta.url))

it(
  'the demo opens with the page, which shows events being proven; interrupted, it counts the truth',
  { timeout: 400_000 },
  async () => {
    const args = ['--conditions=@warren/source', demo, ...'--orders 60 --rate 5 --stay'.split(' ')]
    const env = { ...process.env, DATABASE_URL: '', WARREN_ENDPOINTS: '', WARREN_HOME: inject('warrenRun').home }
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const exited = once(child, 'exit')
    const lines: string[] = []
    const said = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
    const lineWith = async (text: string): Promise<string> => {
      for (;;) {
        const found = lines.find((line) => line.includes(text))
        if (found !== undefined) return found
        await Promise.race([once(said, 'line'), exited.then(() => Promise.reject(new Error(lines.join('\n'))))])
      }
    }

    const link = (await lineWith('page: ')).split('page: ')[1] ?? ''
    const page = await openPage()
    await page.goto(link)
    await page.getByRole('button', { name: 'Log in' }).click()
    const proven = page.getByTestId('verdict').filter({ hasText: /[1-9]\d* .*proven/ })
    await proven.waitFor({ timeout: 120_000 })
    const before = await proven.textContent()
    await expect.poll(() => proven.textContent(), { timeout: 120_000 }).not.toBe(before)

    await lineWith('The shop stays open')
    child.kill('SIGINT')
    expect(await exited).toEqual([0, null])
    expect(lines.join('\n')).toContain('Every event of 60 orders had its effect exactly once')
  },
)
