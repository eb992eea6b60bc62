/** A line of one text or of both. */
export interface DiffLine {
  readonly kind: 'same' | 'removed' | 'added'
  readonly text: string
}

/** Above so many pairs of lines the middle is shown as replaced as a whole: a browser is not to stand still over it. */
const MOST_PAIRS = 4_000_000

/** What has changed from one text to the other, line by line, by the longest lines in common. */
export function lineDiff(before: string, after: string): readonly DiffLine[] {
  const [old, young] = [before.split('\n'), after.split('\n')]
  let start = 0
  while (start < old.length && start < young.length && old[start] === young[start]) start++
  let end = 0
  while (end < old.length - start && end < young.length - start && old.at(-1 - end) === young.at(-1 - end)) end++
  const same = (lines: readonly string[]): readonly DiffLine[] => lines.map((text) => ({ kind: 'same', text }))
  return [
    ...same(old.slice(0, start)),
    ...middle(old.slice(start, old.length - end), young.slice(start, young.length - end)),
    ...same(old.slice(old.length - end)),
  ]
}

function middle(old: readonly string[], young: readonly string[]): readonly DiffLine[] {
  const removed = (text: string): DiffLine => ({ kind: 'removed', text })
  const added = (text: string): DiffLine => ({ kind: 'added', text })
  if (old.length * young.length > MOST_PAIRS) return [...old.map(removed), ...young.map(added)]
  const width = young.length + 1
  /** How many lines are in common from here to the end, of both. */
  const common = new Uint32Array((old.length + 1) * width)
  const at = (row: number, column: number): number => common[row * width + column] ?? 0
  for (let row = old.length - 1; row >= 0; row--)
    for (let column = young.length - 1; column >= 0; column--)
      common[row * width + column] =
        old[row] === young[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1))

  const lines: DiffLine[] = []
  let [row, column] = [0, 0]
  while (row < old.length || column < young.length) {
    const [one, other] = [old[row], young[column]]
    if (one !== undefined && one === other) {
      lines.push({ kind: 'same', text: one })
      row++
      column++
    } else if (one !== undefined && (other === undefined || at(row + 1, column) >= at(row, column + 1))) {
      lines.push(removed(one))
      row++
    } else if (other !== undefined) {
      lines.push(added(other))
      column++
    }
  }
  return lines
}
