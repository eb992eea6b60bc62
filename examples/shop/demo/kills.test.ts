import { describe, expect, it } from 'vitest'
import { nextVictim, scheduleNodeKills, scheduleServiceKills } from './kills.ts'

describe('the schedule of kills', () => {
  it('has a node and three services or more in the shortest run', () => {
    expect(scheduleNodeKills(1)).toHaveLength(1)
    expect(scheduleServiceKills(1).length).toBeGreaterThanOrEqual(3)
  })

  it('has more of them in a long run, all before its end', () => {
    expect(scheduleNodeKills(200)).toHaveLength(5)
    expect(Math.max(...scheduleNodeKills(200), ...scheduleServiceKills(200))).toBeLessThan(1)
  })
})

describe('nextVictim', () => {
  it('kills the order service first', () => {
    expect(nextVictim({}, ['crm', 'orders', 'search'], () => 0)).toBe('orders')
  })

  it('kills the one that was killed the least often, at random', () => {
    const killed = { orders: 1, crm: 1 }
    expect(nextVictim(killed, ['orders', 'crm', 'search', 'loyalty'], () => 0)).toBe('search')
    expect(nextVictim(killed, ['orders', 'crm', 'search', 'loyalty'], () => 0.99)).toBe('loyalty')
  })

  it('passes over those that may not be killed now', () => {
    expect(nextVictim({ crm: 3 }, ['crm'], () => 0)).toBe('crm')
    expect(nextVictim({}, [], () => 0)).toBeNull()
  })
})
