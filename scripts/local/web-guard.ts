import type { IncomingHttpHeaders } from 'node:http';

/** Names that mean this machine on every machine: no page from elsewhere can have one as its own. */
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** A name, an IPv4 address or an IPv6 address in brackets, with or without a port. */
const AUTHORITY = /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d+)?$/i;

export const isHostName = (text: string): boolean => AUTHORITY.exec(text)?.[1] === text;

/**
 * Refuses requests that a web page of another site makes a browser send here. Such a page names its own site as
 * Origin. Where its site's name resolves to this machine (DNS rebinding), the Host is that name.
 *
 * @param allowedHosts names that are allowed beside loopback, with any port
 * @returns the header for which a request is refused; undefined when it is not
 */
export function createWebGuard(allowedHosts: readonly string[] = []) {
  const allowed = new Set([...LOOPBACK, ...allowedHosts.map((name) => name.toLowerCase())]);
  const isAllowed = (authority: string | undefined): boolean => {
    const name = AUTHORITY.exec(authority ?? '')?.[1];
    return name !== undefined && allowed.has(name.toLowerCase());
  };
  return ({ host, origin }: IncomingHttpHeaders): 'Host' | 'Origin' | undefined => {
    if (!isAllowed(host)) return 'Host';
    // A page without an origin of its own (a file, a sandboxed frame) sends `null`: that is foreign too.
    return origin !== undefined && !isAllowed(/^https?:\/\/(.*)$/i.exec(origin)?.[1]) ? 'Origin' : undefined;
  };
}
