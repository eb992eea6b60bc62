import { describe, expect, it } from 'vitest'
import { wayBack } from './way-back.ts'

describe('the way back after a login', () => {
  it.each([
    ['', '/messages?side=sent#x', '/messages?side=sent#x'],
    ['', '', '/'],
    ['', 'subscriptions/order.crm', '/subscriptions/order.crm'],
    ['/internal/warren', '/internal/warren', '/internal/warren'],
    ['/internal/warren', '', '/internal/warren/'],
    ['/internal/warren', '/internal/warren/messages/../failures', '/internal/warren/failures'],
  ])('within "%s" is %s', (basePath, to, path) => {
    expect(wayBack(basePath, to)).toBe(path)
  })

  it.each([
    ['', 'https://evil.example/'],
    ['', '//evil.example/'],
    ['', '/\\evil.example/'],
    ['', '\\\\evil.example'],
    ['', '/.//evil.example'],
    ['', '/x/..//evil.example'],
    ['', '\t//evil.example'],
    ['', '/\n/evil.example'],
    ['', 'javascript:alert(1)'],
    ['', 'data:text/html,x'],
    ['', 'http://page.invalid@evil.example/'],
    ['', 'http://page.invalid:81/'],
    ['', 'http://['],
    ['', '/api/session/oidc'],
    ['', '/api'],
    ['/internal/warren', '/internal/other'],
    ['/internal/warren', '/internal/warrenty'],
    ['/internal/warren', '/internal/warren/../other'],
    ['/internal/warren', '/internal/warren/%2e%2e/other'],
  ])('within "%s" is never %s', (basePath, to) => {
    expect(() => wayBack(basePath, to)).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID' }))
  })
})
