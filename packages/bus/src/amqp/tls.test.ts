import { expect, it } from 'vitest'
import { nodeTlsOptions } from './tls.ts'

it('takes PEM text as it is and always verifies', () => {
  const pem = '-----BEGIN CERTIFICATE-----\n…'
  expect(nodeTlsOptions({ ca: pem })).toEqual({ rejectUnauthorized: true, ca: [pem] })
})

it('refuses a certificate without its key, and a file that is not there', () => {
  expect(() => nodeTlsOptions({ cert: '-----BEGIN CERTIFICATE-----' })).toThrow('cert and key belong together')
  expect(() => nodeTlsOptions({ ca: '/no/such/ca.pem' })).toThrow('the file for "ca" cannot be read')
})
