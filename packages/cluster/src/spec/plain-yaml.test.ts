import fc from 'fast-check'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseDocument, stringify } from 'yaml'
import { readPlainYaml } from './plain-yaml.ts'

/** What the whole parser reads; undefined for what is wrong to it. */
function wholly(text: string): { readonly value: unknown } | undefined {
  const document = parseDocument(text, { prettyErrors: false })
  return document.errors.length > 0 ? undefined : { value: document.toJS() as unknown }
}

/** As JSON, so that the order of keys counts. */
function expectNoOtherReading(text: string): void {
  const plain = readPlainYaml(text)
  if (plain !== undefined) expect(JSON.stringify(plain)).toBe(JSON.stringify(wholly(text)))
}

test.each([
  ['a block of maps and lists', 'a:\n  b: 1\n  c:\n    - x\n    - y: 2\n      z: 3\nd: e'],
  ['a list at the column of its key', 'a:\n- 1\n- b: 2\n  c: 3\nd: 4'],
  ['lists in lists', '- - a\n  - b\n-\n  - c\n- d'],
  ['braces and brackets, over several lines', 'a: { b: [1, "x", { c: d, }], e: 2 }\nf: [\n  g,\n  h\n  ]'],
  ['what is left empty', 'a:\nb:\n  -\n  - c\nd: {}\ne: []'],
  ['comments and empty lines', '# first\na: 1 # one\n\n  # between\nb:\n  # inside\n  c: d\n# last\n'],
  ['quoted texts with their escapes', `"a b": 'it''s'\nc: "line\\n \\u00e9"\nd: ":"`],
  ['the kinds of scalars', '[null, ~, true, False, 1, -2, 0x1F, 0o17, 1.5e3, .inf, .nan, 1_000, 2024-01-01, yes, "1"]'],
  ['variables and patterns', "${NAME}-x: '${A}'\nb: '^(ex|qu)\\.'\nc: order.#\nd: $${x}"],
  ['the start of a document, and line ends of Windows', '---\r\na: 1\r\nb: [2]\r\n'],
])('reads %s', (_, text) => {
  expect(JSON.stringify(readPlainYaml(text))).toBe(JSON.stringify(wholly(text)))
  expect(readPlainYaml(text)).toBeDefined()
})

test.each([
  ['anchors', 'a: &x 1\nb: *x'],
  ['tags', 'a: !!str 1'],
  ['blocks of text', 'a: |\n  b\n'],
  ['a text on two lines', 'a: b\n  c'],
  ['two documents', 'a: 1\n---\nb: 2'],
  ['a key twice', 'a: 1\nb: 2\na: 3'],
  ['a key twice in braces', '{ a: 1, a: 2 }'],
  ['a key that is no text', '1: a'],
  ['a key that is not on its line', 'a\n: b'],
  ['tabs', 'a:\tb'],
  ['a map behind its key', 'a: b: c'],
  ['what stands between two columns', 'a:\n    b: 1\n  c: 2'],
  ['a bracket without its end', 'a: [1, 2'],
  ['what follows a bracket', 'a: [1] b'],
  ['nothing', '# only this'],
])('leaves %s to the whole parser', (_, text) => {
  expect(readPlainYaml(text)).toBeUndefined()
})

test('reads the spec of the shop', async () => {
  const text = await readFile(join(import.meta.dirname, '../../../../examples/shop/warren.yaml'), 'utf8')
  expect(readPlainYaml(text)).toEqual(wholly(text))
})

test('reads any data as the whole parser does, however it was written', () => {
  const lineWidth = fc.constantFrom(0, 40)
  const collectionStyle = fc.constantFrom('any' as const, 'block' as const, 'flow' as const)
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), lineWidth, collectionStyle, (value, width, style) => {
      expectNoOtherReading(stringify(value, { lineWidth: width, collectionStyle: style }))
    }),
    { numRuns: 500 },
  )
})

test('has no other reading of any text', () => {
  const pieces = [
    'a', 'b: ', 'c:', 'a: 1', '"q"', "'s'", '"q": ', '- ', '-', '? ', ': ', ':', ', ', ',', '{', '}', '[', ']', '{ ', ' }',
    '\n', '\n', '\n  ', '\n    ', '\n- ', '\n  - ', '\nb: ', '\n  c: ', ' ', '  ', '\t', '#x', ' # y', '# z\n', '&x ', '*x',
    '!t ', '|\n', '>\n', '---\n', '...\n', '%Y\n', '"', "'", '\\', '~', '1', '0x1', '-1', '.5', 'null', 'true', '@', '`', '%',
    '<<: ', '__proto__: ', '\r\n', '\r', '\uFEFF', '\u0085', '\u00a0', '${V}',
  ] // prettier-ignore
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 14 }), (parts) => {
      expectNoOtherReading(parts.join(''))
    }),
    { numRuns: 20_000 },
  )
})
