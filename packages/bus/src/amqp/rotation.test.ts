import { describe, expect, it } from 'vitest'
import { parseEndpoints } from './endpoints.ts'
import { Rotation } from './rotation.ts'

const endpoints = parseEndpoints(['amqp://a', 'amqp://b', 'amqp://c'])

function firstHosts(count: number, random: () => number): Set<string> {
  return new Set(Array.from({ length: count }, () => new Rotation(endpoints, 'random', random).first.host))
}

describe('Rotation', () => {
  it('tries the one that failed last at the end', () => {
    const rotation = new Rotation(endpoints, 'given')
    const tried: string[] = []
    for (let i = 0; i < 4; i++) {
      tried.push(rotation.first.host)
      rotation.moveToEnd(rotation.first)
    }
    expect(tried).toEqual(['a', 'b', 'c', 'a'])
  })

  it('begins anywhere, so that many processes spread over the nodes', () => {
    expect(firstHosts(100, Math.random)).toEqual(new Set(['a', 'b', 'c']))
  })
})
