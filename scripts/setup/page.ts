import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'

/** Builds the page of @warren/monitor, unless what is there was built from the sources that are there. */
export async function buildPage(project: string, onProgress: (line: string) => void): Promise<void> {
  const room = join(project, 'packages/monitor')
  const stamp = join(room, 'dist/ui/.built-from')
  const sources = sourcesOf(project, room)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return
  onProgress('page: building')
  const { build } = await import('vite')
  await build({ configFile: join(room, 'ui/vite.config.ts'), logLevel: 'warn' })
  compress(join(room, 'dist/ui/assets'))
  writeFileSync(stamp, sources)
}

/** Beside each file what a browser is sent of it: once here, instead of at every visit. */
function compress(folder: string): void {
  for (const file of globSync('*.{js,css,svg}', { cwd: folder })) {
    const content = readFileSync(join(folder, file))
    writeFileSync(join(folder, `${file}.br`), brotliCompressSync(content))
    writeFileSync(join(folder, `${file}.gz`), gzipSync(content))
  }
}

function sourcesOf(project: string, room: string): string {
  const hash = createHash('sha256')
  const files = globSync('ui/**/*', { cwd: room, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  for (const file of [...files.toSorted(), join(project, 'package-lock.json'), import.meta.filename])
    hash.update(file).update(readFileSync(file))
  return hash.digest('hex')
}
