import type { ReactNode } from 'react'
import type { UnreachableStore } from '../../../src/reads/answering.ts'
import { useLanguage } from '../i18n/language.tsx'

/** Which stores are not in what is shown, and why. */
export function StoresAway({ of: away }: { readonly of: readonly UnreachableStore[] }): ReactNode {
  const { t } = useLanguage()
  return away.map(({ store, message }) => (
    <p key={store} role="alert" className="note bad">
      <strong>{t.errors.storeAway(store)}</strong> {message}
    </p>
  ))
}
