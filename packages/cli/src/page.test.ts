import { expect, test } from 'vitest'
import { cutPage } from './page.ts'

const rows = (text: string) => text.split(' ').map((id, index) => ({ id, index }))
const ids = (text: string, limit: number) => {
  const page = cutPage(rows(text), (row) => row.id, limit)
  return [page.rows.map((row) => row.id).join(' '), page.next]
}

test('puts the rows of several stores together, newest first', () => {
  expect(ids('c a e b d', 5)).toEqual(['e d c b a', null])
})

test('tells where the next page begins only when there is one', () => {
  expect(ids('a b c', 2)).toEqual(['c b', 'b'])
  expect(ids('a b', 2)).toEqual(['b a', null])
  expect(cutPage([], String, 2)).toEqual({ rows: [], next: null })
})

test('keeps the rows of one message on one page', () => {
  expect(ids('a b b b c', 2)).toEqual(['c b b b', 'b'])
  expect(ids('b b b c', 2)).toEqual(['c b b b', null])
})
