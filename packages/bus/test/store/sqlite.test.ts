import { describeStore } from './conformance.ts'
import { freshFile, openSqlite } from './sqlite-fixtures.ts'

describeStore('sqlite', async () => {
  const path = await freshFile()
  return {
    open: () => openSqlite(path),
    // The other connection asks again and again from outside: it has asked by the time this has run.
    untilBlocked: () => new Promise(setImmediate),
  }
})
