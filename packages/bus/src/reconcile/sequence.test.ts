import { expect, it } from 'vitest'
import { causeBySequence } from './sequence.ts'

/** One letter for each event: its name; a capital one is missing. */
function causeOf(letters: string, names = 'a'): string | undefined {
  const sent = letters.split('').map((letter, index) => ({
    ...{ id: String(index), name: letter.toLowerCase(), isMissing: letter !== letter.toLowerCase() },
  }))
  return causeBySequence(sent, (name) => names.includes(name))?.cause
}

it('says removed when events that came by the same bindings lie between missing ones', () => {
  expect(causeOf('aAaAaAaAa')).toBe('removed')
  expect(causeOf('AaAAAaAaaA')).toBe('removed')
  expect(causeOf('AbaBbAaBAaA')).toBe('removed')
  expect(causeOf('AdAcAaA', 'acd')).toBe('removed')
})

it('says never routed when all that need the bindings are missing, among others that came', () => {
  expect(causeOf('aabAbAbAbAab')).toBe('never-routed')
  expect(causeOf('AAbAbbAAbA')).toBe('never-routed')
})

it('says nothing when it may as well be chance', () => {
  expect(causeOf('aAAAAAa')).toBeUndefined()
  expect(causeOf('aAaAaAa')).toBeUndefined()
  expect(causeOf('AbAbA')).toBeUndefined()
  expect(causeOf('aaaa')).toBeUndefined()
  expect(causeOf('')).toBeUndefined()
})

it('says nothing of bindings when others are missing, too, or one of the same came', () => {
  expect(causeOf('AbABbAbA')).toBeUndefined()
  expect(causeOf('AbAbabAbA')).toBeUndefined()
})
