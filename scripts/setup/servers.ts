/** `servers.ts [--rabbitmq] [--postgres]`: brings the servers that are missing. What one already runs is not installed. */
import { installPostgres, installRabbitmq, isClusterError, openHome } from '@warren/cluster/local'
import { join } from 'node:path'

const wanted = process.argv.slice(2)
const onProgress = (line: string) => process.stderr.write(line + '\n')
try {
  const home = await openHome({ project: join(import.meta.dirname, '../..'), onProgress })
  if (wanted.includes('--rabbitmq') && !process.env['WARREN_ENDPOINTS']) await installRabbitmq({ home, onProgress })
  if (wanted.includes('--postgres') && !process.env['DATABASE_URL']) await installPostgres({ home, onProgress })
} catch (error) {
  if (!isClusterError(error)) throw error
  onProgress(`${error.code}: ${error.message}`)
  process.exitCode = 1
}
