// Certificates that are made on the spot: an authority, and one certificate of localhost that servers and clients use alike.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export function certificates(directory: string) {
  mkdirSync(directory, { recursive: true })
  const file = (name: string): string => join(directory, name)
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'ignore' })
  const subject = ['-days', '2', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl('req', '-x509', ...subject, '-subj', '/CN=millrace tests', '-keyout', file('ca.key'), '-out', file('ca.pem'))
  const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-addext', 'basicConstraints=CA:FALSE']
  const authority = ['-CA', file('ca.pem'), '-CAkey', file('ca.key')]
  openssl(
    'req',
    '-x509',
    ...subject,
    ...authority,
    ...names,
    '-subj',
    '/CN=localhost',
    '-keyout',
    file('key.pem'),
    '-out',
    file('cert.pem'),
  )
  const files = { ca: file('ca.pem'), cert: file('cert.pem'), key: file('key.pem') }
  const text = (path: string): string => readFileSync(path, 'utf8')
  return { ca: text(files.ca), cert: text(files.cert), key: text(files.key), files }
}
