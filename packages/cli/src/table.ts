import Table from 'cli-table3'
import { styleText } from 'node:util'
import { visible } from './output.ts'

/** A column of a table: its heading, and what a row shows there. */
export interface Column<Row> {
  readonly heading: string
  readonly cell: (row: Row) => string | number
  /** Numbers read better on the right. */
  readonly align?: 'left' | 'right'
}

const noLines = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}

/** Rows under headings, without lines, so that a row is one line for grep, too. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const drawn = new Table({
    chars: noLines,
    colAligns: columns.map((column) => column.align ?? 'left'),
    // cli-table3 colours by itself otherwise, also where nobody can see it.
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  drawn.push(columns.map(({ heading }) => emphasised(heading.toUpperCase())))
  for (const row of rows) drawn.push(columns.map(({ cell }) => oneLine(String(cell(row)))))
  return trimmed(drawn.toString())
}

/** Names and values, one pair per line. */
export function properties(pairs: readonly (readonly [name: string, value: string | number])[]): string {
  const drawn = new Table({ chars: noLines, style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 } })
  for (const [name, value] of pairs) drawn.push([emphasised(name), oneLine(String(value))])
  return trimmed(drawn.toString())
}

/** Bold where the terminal can show it: neither in a pipe nor with NO_COLOR. */
export function emphasised(text: string): string {
  return styleText('bold', text, { stream: process.stdout })
}

/** The text, at most so many characters of it. */
export function clipped(text: string, length = 72): string {
  const characters = Array.from(text)
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`
}

/** A heading over a block of text. */
export function section(heading: string, body: string): string {
  return `${emphasised(heading)}\n${body}`
}

function oneLine(text: string): string {
  return visible(text).replace(/\s*\n\s*/g, ' ')
}

function trimmed(text: string): string {
  return text.replace(/[ \t]+$/gm, '')
}
