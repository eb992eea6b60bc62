import type { Account } from '../account.ts'

/**
 * Where a node lives: what it is called there, where it listens, and how a process gets there. Nodes share this machine's
 * loopback interface, or each has a network namespace of its own; nothing else has to know which.
 */
export interface Host {
  /** Tells hosts of a cluster apart; undefined for the one that all nodes share. */
  readonly name: string | undefined
  /** Nodes, their epmd and their management listen here, and nowhere else. */
  readonly address: string
  /** The process that runs there. It keeps the pid that it is started with. */
  readonly launch: (process: Launch) => Launch
}

/** A process to be started. */
export interface Launch {
  readonly program: string
  readonly args: readonly string[]
  readonly argv0?: string
  readonly account: Account | undefined
}

/** This machine, for nodes that keep apart by their ports. */
export const loopback: Host = { name: undefined, address: '127.0.0.1', launch: (process) => process }

/** A network namespace with its own address and its own names of the others. */
export interface NamespaceHost {
  readonly name: string
  readonly address: string
  readonly namespace: string
  /** Takes the place of /etc/hosts there. */
  readonly hostsFile: string
}

// Entered as root; what runs there does not keep that. Every step is an exec, so that the pid is the server's in the end.
// The mounts and the name of the host are those of the process and its children: they are gone when it is.
const ENTER = `
printf %s "$1" > /proc/sys/kernel/hostname
mount --bind "$2" /etc/hosts
shift 2
exec "$@"`

export function namespaceHost({ name, address, namespace, hostsFile }: NamespaceHost): Host {
  return {
    name,
    address,
    launch: ({ program, args, account }) => ({
      program: 'nsenter',
      args: [
        `--net=/run/netns/${namespace}`,
        ...['unshare', '--uts', '--mount', '--'],
        ...['/bin/sh', '-e', '-c', ENTER, 'host', name, hostsFile],
        ...(account === undefined
          ? []
          : ['setpriv', `--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups', '--no-new-privs', '--']),
        program,
        ...args,
      ],
      account: undefined,
    }),
  }
}
