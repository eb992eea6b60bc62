import { expect, test } from 'vitest'

import { withQuestionMarks } from './question-marks.ts'

test('a value that is used twice is bound twice, in the order of use', () => {
  expect(withQuestionMarks('select $2::text, $1, $2', ['a', 'b'])).toEqual({
    text: 'select ?::text, ?, ?',
    values: ['b', 'a', 'b'],
  })
})

test('two-digit placeholders are one placeholder', () => {
  const values = Array.from({ length: 12 }, (_, n) => n + 1)
  expect(withQuestionMarks('select $12, $1', values)).toEqual({ text: 'select ?, ?', values: [12, 1] })
})

test('question marks that are operators are escaped', () => {
  expect(withQuestionMarks(`select a ? 'b' from c where d = $1`, [1])).toEqual({
    text: `select a \\? 'b' from c where d = ?`,
    values: [1],
  })
  expect(withQuestionMarks('select 1')).toEqual({ text: 'select 1', values: [] })
})
