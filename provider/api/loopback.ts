/** Whether a URL leads to this machine, so that nothing sent there crosses a network. */
export function isLoopback(url: URL): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
}
