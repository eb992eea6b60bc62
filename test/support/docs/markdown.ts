import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root: string = join(import.meta.dirname, '../../..')

export function readPage(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** A table that stands below `<!-- kind: subject -->`. */
export interface MarkedTable {
  /** Empty for `<!-- kind -->`. */
  readonly subject: string
  /** Without the head; `\|` is undone. */
  readonly rows: readonly (readonly string[])[]
}

/** The tables of one kind, in their order. Throws for a mark that no table follows. */
export function markedTables(page: string, kind: string): readonly MarkedTable[] {
  const marks = [...page.matchAll(/^<!-- ([a-z ]+?)(?:: ([^>]+?))? -->$/gm)].filter((mark) => mark[1] === kind)
  return marks.map((mark) => {
    const behind = page.slice(mark.index + mark[0].length).trimStart()
    const lines = behind.split('\n')
    const end = lines.findIndex((line) => !line.startsWith('|'))
    const rows = lines.slice(2, end === -1 ? undefined : end).map(cells)
    if (rows.length === 0) throw new Error(`no table follows ${mark[0]}`)
    return { subject: mark[2] ?? '', rows }
  })
}

function cells(line: string): readonly string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('\\|', '|'))
}

/** What stands between backticks in the first column: `a`, `b` → a, b. */
export function namesOf(table: MarkedTable): readonly string[] {
  return table.rows.flatMap(([first = '']) => codesIn(first))
}

export function codesIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '')
}
