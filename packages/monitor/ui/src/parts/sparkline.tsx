import type { ReactNode } from 'react'

const BAR = 4
const HEIGHT = 20

/** A bar for each count; none where it is not known. `label` says the same in words. */
export function Sparkline({
  counts,
  label,
}: {
  readonly counts: readonly (number | null)[]
  readonly label: string
}): ReactNode {
  const most = Math.max(1, ...counts.map((count) => count ?? 0))
  const width = counts.length * BAR
  return (
    <svg
      className="sparkline"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${width} ${HEIGHT}`}
      width={width}
      height={HEIGHT}
    >
      <title>{label}</title>
      {counts.map((count, index) => {
        if (count === null) return null
        // A line on the ground is a zero that was counted.
        const height = count === 0 ? 1 : Math.max(3, Math.round((count / most) * HEIGHT))
        const look = count === 0 ? 'none' : 'some'
        return <rect key={index} className={look} x={index * BAR} y={HEIGHT - height} width={BAR - 1} height={height} />
      })}
    </svg>
  )
}
