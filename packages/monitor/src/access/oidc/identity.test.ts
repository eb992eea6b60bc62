import { describe, expect, it } from 'vitest'
import { identityOf, isEnough } from './identity.ts'

const settings = { roleClaim: 'groups', operatorValues: ['ops', '/warren/ops'], viewerValues: ['staff'] }

describe('the role of a person', () => {
  it.each([
    ['an operator by one of several', { groups: ['staff', 'ops'] }, 'groups', 'operator'],
    ['a viewer', { groups: ['staff'] }, 'groups', 'viewer'],
    ['a viewer by a single text', { groups: 'staff' }, 'groups', 'viewer'],
    ['an operator by the path of a group', { groups: ['/warren/ops'] }, 'groups', 'operator'],
    ['a viewer by a claim within another', { realm_access: { roles: ['staff'] } }, 'realm_access.roles', 'viewer'],
    ['a viewer by a claim with dots', { 'https://x.example/groups': ['staff'] }, 'https://x.example/groups', 'viewer'],
    ['nobody by a part of a value', { groups: ['ops-interns', 'notstaff', 'OPS'] }, 'groups', null],
    ['nobody by a text that holds the value', { groups: 'staff,ops' }, 'groups', null],
    ['nobody by something that is no text', { groups: [{ ops: true }, 7, null, ['ops']] }, 'groups', null],
    ['nobody by the keys of an object', { groups: { ops: 'ops' } }, 'groups', null],
    ['nobody by what every object has', {}, 'constructor.name', null],
    ['nobody without the claim', { roles: ['ops'] }, 'groups', null],
  ])('is that of %s', (_what, claims, roleClaim, role) => {
    const read = () => identityOf('s-1', [claims], { ...settings, roleClaim })
    if (role === null) expect(read).toThrow(expect.objectContaining({ code: 'ACCESS_DENIED' }))
    else expect(read().role).toBe(role)
  })

  it('is as the ID token says, where the provider says something else when it is asked', () => {
    expect(identityOf('s-1', [{ groups: ['staff'] }, { groups: ['ops'] }], settings).role).toBe('viewer')
    expect(() => identityOf('s-1', [{ groups: [] }, { groups: ['ops'] }], settings)).toThrow('makes a viewer')
  })
})

describe('the name of a person', () => {
  const nameOf = (...said: Readonly<Record<string, unknown>>[]) =>
    identityOf('s-1', [{ groups: ['ops'] }, ...said], settings)

  it('is what people call them, with what nobody can choose behind it in the log', () => {
    expect(nameOf({ name: 'Anna A.', email: 'a@x.example', preferred_username: 'anna' })).toMatchObject({
      name: 'anna',
      actor: 'oidc:anna (s-1)',
    })
    expect(nameOf({})).toMatchObject({ name: 's-1', actor: 'oidc:s-1' })
  })

  it('is nothing that a log or a store would trip over', () => {
    for (const hostile of ['a\nb', 'a\u0000b', '\u202Eanna', ' ', 'x'.repeat(300), 7])
      expect(nameOf({ preferred_username: hostile, name: 'Anna' }).name).toBe('Anna')
  })
})

it('asks the provider only for what the ID token does not say', () => {
  expect(isEnough({ groups: [], email: 'a@x.example' }, settings)).toBe(true)
  expect(isEnough({ groups: [] }, settings)).toBe(false)
  expect(isEnough({ email: 'a@x.example' }, settings)).toBe(false)
})
