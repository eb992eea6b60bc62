import { expect, test } from 'vitest'
import { parseDefinitions } from './document.ts'

test('refuses what is nested deeper than anybody could walk through, and says nothing of the content', () => {
  const within = (levels: number): string =>
    `{"queues":[{"name":"canary","arguments":{"x":${'['.repeat(levels)}${']'.repeat(levels)}}}]}`
  expect(parseDefinitions(within(20), 'a.json')['queues']).toHaveLength(1)
  for (const levels of [100, 100_000]) {
    expect(() => parseDefinitions(within(levels), 'a.json')).toThrow(
      expect.objectContaining({
        code: 'DEFINITIONS_INVALID',
        message: expect.not.stringContaining('canary') as string,
      }) as Error,
    )
  }
})
