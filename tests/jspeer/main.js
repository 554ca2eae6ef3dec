// A js-libp2p peer on the network of functions. It stands in for other people's software in the tests.
//
//   main.js provide --node MULTIADDR --function NAME
//   main.js call    --node MULTIADDR --function NAME [--args JSON] [--times COUNT] [--manner MANNER]
//   main.js share   --node MULTIADDR --file PATH
//   main.js fetch   --node MULTIADDR --cid CID --output PATH
//
// Each command prints lines of JSON. A caller, and a provider if the arguments of a call name a manner, may be slow,
// leave its side open, say nothing, or reset the stream, as a peer does that is not well written.

import { readFile, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { build, canonical, download, upload } from './files.js'
import { call, join, provide, serve } from './network.js'

const commands = {
  async provide ({ node, function: name }) {
    const joined = await join(node, { reachable: true })
    await serve(joined, (called, args, caller) => called === name
      ? { ok: { echo: args, caller: caller.toString(), software: 'js-libp2p' } }
      : { error: { code: 'no_such_function', message: 'this peer does not provide it' } })
    await provide(joined, name)
    say({ event: 'provided', peer: joined.peer.peerId.toString() })
    await stopped()
    await joined.peer.stop()
  },
  async call ({ node, function: name, args, times, manner }) {
    const joined = await join(node)
    for (let i = 0; i < Number(times); i++) {
      say({ event: 'reply', ...await call(joined, name, JSON.parse(args), manner) })
    }
    await joined.peer.stop()
  },
  async share ({ node, file }) {
    const content = await readFile(file)
    const dag = await build(content)
    const cid = canonical(dag.root.toString())
    const name = `IPFS_${cid}`
    const joined = await join(node, { reachable: true })
    // Uploads that are under way, or done: a file is uploaded once, however many ask.
    let storage
    await serve(joined, async (called, args) => {
      if (called !== name) {
        return { error: { code: 'no_such_function', message: 'this peer does not share it' } }
      }
      const file = { size: content.length, name: basename(values.file), type: 'application/octet-stream' }
      if (args.probe === true) {
        return { ok: file }
      }
      try {
        storage ??= await store(joined, dag, content.length)
        return { ok: { multiaddr: storage, ...file } }
      } catch (error) {
        console.error('no storage:', error)
        return { error: { code: 'unavailable', message: error.message } }
      }
    })
    await provide(joined, name)
    say({ event: 'provided', peer: joined.peer.peerId.toString(), cid })
    await stopped()
    await joined.peer.stop()
  },
  async fetch ({ node, cid, output }) {
    const joined = await join(node)
    const { reply } = await call(joined, `IPFS_${canonical(cid)}`, {})
    if (reply.ok == null) {
      throw new Error(reply.error?.message ?? 'the reply is none')
    }
    const content = await download(reply.ok.multiaddr, cid)
    await writeFile(output, content)
    say({ event: 'fetched', size: content.length, name: reply.ok.name })
    await joined.peer.stop()
  }
}

/** Asks the network for a storage, begins to upload to it, and returns its address. */
async function store (joined, dag, size) {
  const { reply } = await call(joined, 'IPFS_multiaddr', { cid: dag.root.toString(), size })
  if (reply.ok == null) {
    throw new Error(reply.error?.message ?? 'the reply is none')
  }
  upload(reply.ok.multiaddr, reply.ok.token, dag).catch(error => console.error('an upload failed:', error))
  return reply.ok.multiaddr
}

function say (event) {
  console.log(JSON.stringify(event))
}

function stopped () {
  return new Promise(resolve => ['SIGTERM', 'SIGINT'].forEach(signal => process.once(signal, resolve)))
}

const text = { type: 'string' }
const { positionals: [command], values } = parseArgs({
  allowPositionals: true,
  options: {
    node: text,
    function: text,
    args: { ...text, default: '{}' },
    times: { ...text, default: '1' },
    manner: text,
    file: text,
    cid: text,
    output: text
  }
})
if (commands[command] == null) {
  throw new Error(`say what to do: ${Object.keys(commands).join(', ')}`)
}
await commands[command](values)
