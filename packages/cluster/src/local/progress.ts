/** Told in one line what is being done, whenever that takes a person's patience. */
export type Progress = (line: string) => void

export const silentProgress: Progress = () => undefined
