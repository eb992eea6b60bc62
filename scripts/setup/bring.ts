/**
 * `bring.ts [--rabbitmq] [--postgres] [--page] [--chromium]`: brings what is missing. A server that one already runs is not
 * installed; the page is built anew when its sources have changed.
 */
import { installPostgres, installRabbitmq, isClusterError, openHome } from '@warren/cluster/local'
import { join } from 'node:path'
import { installChromium } from './chromium.ts'
import { buildPage } from './page.ts'

const wanted = process.argv.slice(2)
const project = join(import.meta.dirname, '../..')
const onProgress = (line: string) => process.stderr.write(line + '\n')
try {
  const home = await openHome({ project, onProgress })
  if (wanted.includes('--rabbitmq') && !process.env['WARREN_ENDPOINTS']) await installRabbitmq({ home, onProgress })
  if (wanted.includes('--postgres') && !process.env['DATABASE_URL']) await installPostgres({ home, onProgress })
  if (wanted.includes('--page')) await buildPage(project, onProgress)
  if (wanted.includes('--chromium')) {
    try {
      installChromium(onProgress)
    } catch (error) {
      // Everything that needs no browser can go on; what does fails, and says the same.
      onProgress(`Chromium: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
} catch (error) {
  if (!(error instanceof Error)) throw error
  onProgress(isClusterError(error) ? `${error.code}: ${error.message}` : error.message)
  process.exitCode = 1
}
