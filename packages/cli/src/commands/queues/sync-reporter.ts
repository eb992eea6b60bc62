import { labelOf, type QueueName, type SyncEvent } from '@warren/cluster'
import { visible } from '../../output.ts'
import { percentOf } from '../../bar.ts'
import { barLine, type SyncState } from './bar.ts'

/** Tells how a synchronisation goes: a bar that is drawn anew on a terminal, else a line for every quarter. On stderr. */
export class SyncReporter {
  readonly #total: number
  readonly #note: (line: string) => void
  readonly #isTerminal = process.stderr.isTTY
  readonly #running = new Map<string, SyncState>()
  readonly #quarters = new Map<string, number>()
  #ended = 0
  #isDrawn = false

  constructor(total: number, note: (line: string) => void) {
    this.#total = total
    this.#note = note
  }

  tell(event: SyncEvent): void {
    if (event.kind === 'ended') {
      const { result } = event
      this.#ended += 1
      this.#running.delete(labelOf(result.queue))
      const place = `[${this.#ended}/${this.#total}]`
      const label = labelOf(result.queue)
      if (result.kind === 'synchronised') {
        this.#line(`${place} synchronised: ${label} (${(result.durationMs / 1000).toFixed(1)} s)`)
      } else if (result.kind === 'failed') {
        this.#line(`${place} ${result.error.code}: ${label}`)
      } else {
        this.#line(`${place} ${result.kind === 'left' ? 'not waited for' : 'not begun'}: ${label}`)
      }
    } else if (event.kind === 'started') {
      this.#running.set(labelOf(event.queue), { name: event.queue.name, copied: 0, messages: 0 })
      if (!this.#isTerminal) this.#line(`synchronising ${labelOf(event.queue)}`)
    } else {
      this.#progress(event.queue, event.copied, event.messages)
    }
    this.#draw()
  }

  end(): void {
    this.#clear()
  }

  #progress(queue: QueueName, copied: number, messages: number): void {
    const label = labelOf(queue)
    this.#running.set(label, { name: queue.name, copied, messages })
    if (this.#isTerminal) return
    const quarter = Math.floor(percentOf(copied, messages) / 25)
    if (quarter <= (this.#quarters.get(label) ?? -1)) return
    this.#quarters.set(label, quarter)
    this.#line(`${label}: ${copied} of ${messages} messages copied`)
  }

  #line(text: string): void {
    this.#clear()
    this.#note(text)
  }

  #draw(): void {
    if (!this.#isTerminal || this.#running.size === 0) return
    const line = barLine([...this.#running.values()], this.#ended, this.#total, process.stderr.columns)
    process.stderr.write(`\r\x1b[2K${visible(line)}`)
    this.#isDrawn = true
  }

  #clear(): void {
    if (this.#isDrawn) process.stderr.write('\r\x1b[2K')
    this.#isDrawn = false
  }
}
