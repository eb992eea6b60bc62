import type { FastifyInstance } from 'fastify'
import { MonitorError } from '../errors.ts'

/** What the routes take is three levels deep; a payload that somebody edits comes as a text. */
const MOST_LEVELS = 20

/** Bodies of the routes that are added to `app`: JSON that is nested deeper is refused before it is parsed. */
export function addJsonBody(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = body.toString()
    if (isDeeper(text, MOST_LEVELS))
      done(new MonitorError('REQUEST_INVALID', 400, `the body is nested deeper than ${MOST_LEVELS} levels`))
    else void parse(request, text, done)
  })
}

/** Counts brackets outside of texts. */
export function isDeeper(json: string, levels: number): boolean {
  let depth = 0
  let isText = false
  for (let index = 0; index < json.length; index++) {
    const character = json[index]
    if (isText) {
      if (character === '\\') index++
      else if (character === '"') isText = false
    } else if (character === '"') isText = true
    else if (character === '[' || character === '{') {
      depth++
      if (depth > levels) return true
    } else if (character === ']' || character === '}') depth--
  }
  return false
}
