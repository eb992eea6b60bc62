/** Marks a message that Warren sends for itself: events cannot have headers that begin with `warren-`. */
export const KIND_HEADER = 'warren-control'

export interface RawControl {
  readonly body: Buffer
  readonly properties: { readonly headers?: Readonly<Record<string, unknown>> | undefined }
}

/** What kind of control message it says to be; undefined for an event. */
export function controlKind(message: RawControl): unknown {
  return message.properties.headers?.[KIND_HEADER]
}

/** True for a message of Warren's own, whether it can be read or not. */
export function isControl(message: RawControl): boolean {
  return controlKind(message) !== undefined
}
