import { useEffect, useState } from 'react'

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

const STORED = 'warren.theme'

/** What the reader has chosen; `system` leaves it to the browser. */
export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => {
    const stored = localStorage.getItem(STORED)
    return themes.find((each) => each === stored) ?? 'system'
  })
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme
    localStorage.setItem(STORED, theme)
  }, [theme])
  return [theme, setTheme]
}
