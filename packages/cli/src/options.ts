import { InvalidArgumentError, Option } from 'commander'
import { parsePeriodMs, parseTime } from './times.ts'

/** --store, as often as there are stores to look into. */
export function storeOption(): Option {
  return new Option(
    '-s, --store <url>',
    'sqlite:PATH, postgres://…, or a name of the configuration; repeatable',
  ).argParser(collected)
}

export function sinceOption(what: string): Option {
  return new Option('--since <when>', `${what} since: 90s, 30m, 2h, 7d, or a time in ISO 8601`).argParser(time)
}

export function untilOption(what: string): Option {
  return new Option('--until <when>', `${what} until, likewise`).argParser(time)
}

export function limitOption(what: string): Option {
  return new Option('-n, --limit <count>', `at most so many ${what}`).argParser(wholeFromOne).default(50)
}

/** A length of time, and how it was written. */
export interface Period {
  readonly text: string
  readonly ms: number
}

export function periodOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser(period)
}

/** Adds a value to those that came before. */
export function collected(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value]
}

export function wholeFromOne(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number from 1.')
}

/** A message id, in lower case as the stores write it. */
export function messageId(text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text.toLowerCase()
  throw new InvalidArgumentError('A message id looks like 0197c2f0-5a1e-7b34-9f00-2d9c1f3a77aa.')
}

export function messageIds(text: string, before: readonly string[] | undefined): readonly string[] {
  return collected(messageId(text), before)
}

function time(text: string): Date {
  const parsed = parseTime(text, new Date())
  if (parsed !== undefined) return parsed
  throw new InvalidArgumentError('It must be like 90s, 30m, 2h, 7d, or a time such as 2026-07-01T12:00:00Z.')
}

function period(text: string): Period {
  const ms = parsePeriodMs(text)
  if (ms !== undefined && ms > 0) return { text, ms }
  throw new InvalidArgumentError('It must be like 90s, 30m, 2h, 7d.')
}

/** More than 0; 0.5 is one every two seconds. */
export function perSecond(text: string): number {
  const value = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : 0
  if (value > 0) return value
  throw new InvalidArgumentError('It must be a number above 0.')
}
