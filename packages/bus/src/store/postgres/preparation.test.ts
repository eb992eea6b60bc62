import { describe, expect, test } from 'vitest'
import { Preparation } from './preparation.ts'

const INSERT = 'insert into orders (id) values ($1)'

const databaseError = (code: string): Error => Object.assign(new Error(code), { code, severity: 'ERROR' })

function nameAfter(uses: number, preparation: Preparation, text: string): string | undefined {
  let name: string | undefined
  for (let use = 0; use < uses; use++) name = preparation.use(text)
  return name
}

describe('preparation', () => {
  test('prepares an INSERT that has run five times, under one name', () => {
    const preparation = new Preparation((text) => `name of ${text}`)
    expect(nameAfter(4, preparation, INSERT)).toBeUndefined()
    expect(preparation.use(INSERT)).toBe(`name of ${INSERT}`)
    expect(preparation.use(INSERT)).toBe(`name of ${INSERT}`)
  })

  test.each([
    'select * from orders where id = $1',
    'update orders set id = $1',
    'insert into orders select $1',
    'insert into orders (id) values ($1) returning id',
    'with o as (select 1) insert into orders values ($1)',
  ])('never prepares what has a plan or a result: %s', (text) => {
    expect(nameAfter(20, new Preparation(() => 'name'), text)).toBeUndefined()
  })

  test('gives up a statement that fails in a way that may come from what it was prepared against', () => {
    const preparation = new Preparation(() => 'name')
    nameAfter(5, preparation, INSERT)
    preparation.failed(INSERT, databaseError('42804'))
    expect(nameAfter(20, preparation, INSERT)).toBeUndefined()
  })

  test('keeps a statement that fails for its values', () => {
    const preparation = new Preparation(() => 'name')
    nameAfter(5, preparation, INSERT)
    preparation.failed(INSERT, databaseError('23505'))
    expect(preparation.use(INSERT)).toBe('name')
  })

  test('prepares a hundred statements at most', () => {
    const preparation = new Preparation((text) => text)
    const texts = Array.from({ length: 150 }, (_, index) => `insert into t${index} values ($1)`)
    const prepared = texts.filter((text) => nameAfter(5, preparation, text) !== undefined)
    expect(prepared).toHaveLength(100)
  })
})
