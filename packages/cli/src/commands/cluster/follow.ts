import { open, stat } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'

const INTERVAL_MS = 250

/** Hands over each line that is added to the file from now on. Never returns: Ctrl-C ends the process. */
export async function follow(file: string, onLine: (line: string) => void): Promise<never> {
  let offset = await sizeOf(file)
  let rest = ''
  const decoder = new TextDecoder()
  for (;;) {
    await pause(INTERVAL_MS)
    const size = await sizeOf(file)
    // A log that was rotated begins anew.
    if (size < offset) offset = 0
    if (size === offset) continue
    const bytes = await readFrom(file, offset, size - offset)
    offset += bytes.byteLength
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  }
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  )
}

async function readFrom(file: string, offset: number, length: number): Promise<Buffer> {
  const handle = await open(file)
  try {
    const buffer = Buffer.alloc(length)
    const { bytesRead } = await handle.read(buffer, 0, length, offset)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}
