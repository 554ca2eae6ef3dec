// Files as DAGs, and the storage that holds them over HTTP.

import { CarBlockIterator, CarWriter } from '@ipld/car'
import { multiaddr } from '@multiformats/multiaddr'
import { exporter } from 'ipfs-unixfs-exporter'
import { importer } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'

// The profile `unixfs-v1-2025`.
const CHUNK = 1024 * 1024
const LINKS = 1024
const DAG_PB = 0x70

/** The blocks of a DAG, in memory. */
class Blocks {
  #blocks = new Map()

  put (cid, bytes) {
    this.#blocks.set(cid.toString(), { cid, bytes })
    return cid
  }

  async * get (cid) {
    const block = this.#blocks.get(cid.toString())
    if (block == null) {
      throw new Error(`the block ${cid} is missing`)
    }
    yield block.bytes
  }

  [Symbol.iterator] () {
    return this.#blocks.values()
  }
}

/** Makes a DAG of a file. */
export async function build (content) {
  const blocks = new Blocks()
  const options = {
    cidVersion: 1,
    rawLeaves: true,
    reduceSingleLeafToSelf: true,
    wrapWithDirectory: false,
    chunker: fixedSize({ chunkSize: CHUNK }),
    layout: balanced({ maxChildrenPerNode: LINKS })
  }
  let root
  for await (const entry of importer([{ content }], blocks, options)) {
    root = entry.cid
  }
  return { root, blocks }
}

/** The canonical form of a CID, of which the function's name is made. */
export function canonical (text) {
  const cid = CID.parse(text)
  const isOld = cid.code === DAG_PB && cid.multihash.code === sha256.code
  return (isOld ? cid.toV0() : cid.toV1()).toString()
}

/** The URL of a storage's address, in any of its forms. */
export function url (address) {
  const parts = multiaddr(address).getComponents()
  const [host, ...rest] = parts
  const hosts = ['ip4', 'ip6', 'dns', 'dns4', 'dns6']
  const known = ['tcp', 'tls', 'http', 'https']
  const unknown = rest.find(part => !known.includes(part.name))
  if (!hosts.includes(host?.name) || unknown != null) {
    throw new Error(`${address} is no address of a storage`)
  }
  const secure = rest.some(part => part.name === 'https' || part.name === 'tls')
  const port = rest.find(part => part.name === 'tcp')?.value ?? (secure ? 443 : 80)
  const name = host.name === 'ip6' ? `[${host.value}]` : host.value
  return `http${secure ? 's' : ''}://${name}:${port}`
}

/** Uploads a DAG as one CAR. */
export async function upload (storage, token, { root, blocks }) {
  const { writer, out } = CarWriter.create([root])
  const writing = (async () => {
    for (const block of depthFirst(root, blocks)) {
      await writer.put(block)
    }
    await writer.close()
  })()
  const pieces = []
  for await (const piece of out) {
    pieces.push(piece)
  }
  await writing
  const form = new FormData()
  form.append('file', new Blob(pieces), 'dag.car')
  const response = await fetch(`${url(storage)}/api/v0/dag/import?pin-roots=false`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}` },
    body: form
  })
  const text = await response.text()
  if (!response.ok) {
    throw new Error(`the storage answered ${response.status}: ${text}`)
  }
}

/** The blocks with each node before what it links to. The importer makes leaves first, so this is the reverse. */
function depthFirst (root, blocks) {
  const all = [...blocks]
  const [last] = all.splice(all.findIndex(block => block.cid.equals(root)), 1)
  return [last, ...all]
}

/** Fetches a file, and trusts nothing but hashes. */
export async function download (storage, cid) {
  const query = 'format=car&dag-scope=all&order=dfs&dups=y'
  const response = await fetch(`${url(storage)}/ipfs/${cid}?${query}`)
  if (!response.ok) {
    throw new Error(`the storage answered ${response.status}: ${await response.text()}`)
  }
  const blocks = new Blocks()
  for await (const { cid, bytes } of await CarBlockIterator.fromIterable(response.body)) {
    const { digest } = await sha256.digest(bytes)
    if (cid.multihash.code !== sha256.code || !Buffer.from(digest).equals(cid.multihash.digest)) {
      throw new Error(`the storage sent wrong bytes for ${cid}`)
    }
    blocks.put(cid, bytes)
  }
  const file = await exporter(CID.parse(cid), blocks)
  const pieces = []
  for await (const piece of file.content()) {
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}
