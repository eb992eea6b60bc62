import { expect, test } from 'vitest'
import { chooseAccount } from './account.ts'

test('leaves an ordinary user alone', () => {
  expect(chooseAccount(1000, { uid: '1001', gid: '1001' })).toBeUndefined()
})

test('takes the user behind sudo, else nobody, for root', () => {
  expect(chooseAccount(0, { uid: '1001', gid: '1002' })).toEqual({ uid: 1001, gid: 1002 })
  expect(chooseAccount(0, {})).toEqual({ uid: 65534, gid: 65534 })
})

test('never takes root for an ordinary user', () => {
  expect(chooseAccount(0, { uid: '0', gid: '0' })).toEqual({ uid: 65534, gid: 65534 })
  expect(chooseAccount(0, { uid: '1001', gid: 'wheel' })).toEqual({ uid: 65534, gid: 65534 })
})
