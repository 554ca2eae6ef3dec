// What the figures measure in a page of the browser; times in milliseconds. `others` is ../others.js, bundled.

globalThis.bench = {
  // SHA-256 by the browser alone: `count` pieces of `size` bytes that are in memory, `flight` at a time.
  async digest(count, size, flight) {
    const memory = new Uint8Array(16 * size)
    for (let at = 0; at < memory.length; at += 65536) crypto.getRandomValues(memory.subarray(at, at + 65536))
    const pieces = Array.from({ length: 16 }, (_, n) => memory.subarray(n * size, (n + 1) * size))
    let next = 0
    const lane = async () => {
      while (next < count) await crypto.subtle.digest('SHA-256', pieces[next++ % 16])
    }
    const start = performance.now()
    await Promise.all(Array.from({ length: flight }, lane))
    return { ms: performance.now() - start }
  },

  // `ipfs-unixfs-importer` over the chosen file, into a store that keeps nothing; the hash as protocol.md writes it.
  async importer() {
    const [file] = document.getElementById('bench-file').files
    const start = performance.now()
    const store = { put: cid => cid }
    let root
    for await (const { cid } of others.importer([{ content: chunks(file) }], store, { profile: 'unixfs-v1-2025' })) root = cid
    return { ms: performance.now() - start, cid: (root.code === 0x70 ? root.toV0() : root).toString() }
  },

  // A plain download, written as it comes to where the extension writes, by the same means, unverified: in a page of
  // another origin, since the extension's own pages start no worker that is not the extension's.
  async plain(url) {
    const file = new Written()
    const start = performance.now()
    const bytes = await file.ask({ url })
    const ms = performance.now() - start
    await file.remove()
    return { ms, bytes }
  },

  // `@helia/verified-fetch` with one trustless gateway; its bytes are dropped, or written like those of `plain`.
  async helia(gateway, cid, written) {
    const helia = others.withHTTP(others.createHeliaLight(), {
      delegatedRouters: [], recursiveGateways: [gateway], allowLocal: true, allowInsecure: true,
    })
    await helia.start()
    const fetch = await others.createVerifiedFetch(helia)
    const store = written ? new Written() : { async remove() {}, take: dropped }
    const start = performance.now()
    const response = await fetch(`ipfs://${cid}`)
    if (!response.ok) throw new Error(`helia answered ${response.status}`)
    const bytes = await store.take(response.body)
    const ms = performance.now() - start
    await store.remove()
    await helia.stop()
    return { ms, bytes }
  },

  // Puts the chosen file, or so many bytes, at an address.
  async put(url, size) {
    const body = size === undefined ? document.getElementById('bench-file').files[0] : noise(size)
    const start = performance.now()
    await fetch(url, { method: 'PUT', body })
    return { ms: performance.now() - start }
  },

  // Gets what is at an address into memory.
  async get(url) {
    const start = performance.now()
    const bytes = (await (await fetch(url, { cache: 'no-store' })).arrayBuffer()).byteLength
    return { ms: performance.now() - start, bytes }
  },

  // Saves what is at an address into the download folder, as a click on a link does.
  save(url) {
    const link = Object.assign(document.createElement('a'), { href: url, download: '' })
    link.click()
  },

  // A field for files that nothing else on the page knows of.
  field() {
    document.getElementById('bench-file')?.remove()
    document.body.append(Object.assign(document.createElement('input'), { type: 'file', id: 'bench-file' }))
  },

  // Notes what the extension's worker tells its faces; in a page of the extension.
  watch() {
    this.events = []
    this.waiting = () => {}
    const port = chrome.runtime.connect({ name: 'face' })
    port.onMessage.addListener(message => {
      if (message.type !== 'event' || message.event.kind.event === 'progress') return
      this.events.push(message.event)
      this.waiting()
    })
    port.postMessage({ number: 1, command: { command: 'watch' } })
  },

  // All that was noted, for people to read.
  listed() {
    return this.events.map(({ at, kind }) => `${at - this.events[0].at} ${JSON.stringify(kind)}`)
  },

  // The time of the first event that passes a test, in Unix milliseconds; waits for it.
  event(test) {
    return new Promise(resolve => {
      this.waiting = () => {
        const found = this.events.find(({ kind }) => test(kind))
        if (found) resolve(found.at)
      }
      this.waiting()
    })
  },
}

// Slices as large as the extension reads them.
async function * chunks(file) {
  const size = 4 << 20
  for (let at = 0; at < file.size; at += size) yield new Uint8Array(await file.slice(at, at + size).arrayBuffer())
}

function noise(size) {
  const part = new Uint8Array(65536)
  crypto.getRandomValues(part)
  return new Blob(Array.from({ length: Math.ceil(size / part.length) }, () => part)).slice(0, size)
}

async function dropped(body) {
  let bytes = 0
  for (const reader = body.getReader(); ;) {
    const { done, value } = await reader.read()
    if (done) return bytes
    bytes += value.length
  }
}

// A file of the origin's own file system, written by a worker with direct access to it.
class Written {
  constructor() {
    const program = new Blob([`(${writes})()`], { type: 'text/javascript' })
    this.worker = new Worker(URL.createObjectURL(program))
  }

  // What the worker says when it has done something.
  ask(what, handedOver = []) {
    return new Promise((resolve, reject) => {
      this.worker.onmessage = ({ data }) => resolve(data)
      this.worker.onerror = reject
      this.worker.postMessage(what, handedOver)
    })
  }

  // Returns when all bytes are written.
  async take(body) {
    let bytes = 0
    let last
    for (const reader = body.getReader(); ;) {
      const { done, value } = await reader.read()
      await last
      if (done) break
      // What others give may be a part of a buffer, or nothing.
      const piece = value.slice()
      bytes += piece.length
      last = this.ask({ piece }, [piece.buffer])
    }
    await this.ask({})
    return bytes
  }

  async remove() {
    this.worker.terminate()
    const root = await navigator.storage.getDirectory()
    for (; ;) {
      try {
        return await root.removeEntry('figures')
      } catch (why) {
        // The worker's file is closed soon.
        if (why.name !== 'NoModificationAllowedError') throw why
        await new Promise(resolve => setTimeout(resolve, 50))
      }
    }
  }
}

// In the worker: writes what is at an address, or a piece after the other; without either, waits for those before.
function writes() {
  const opened = navigator.storage.getDirectory()
    .then(root => root.getFileHandle('figures', { create: true }))
    .then(file => file.createSyncAccessHandle())
  let at = 0
  onmessage = async ({ data: { url, piece } }) => {
    const file = await opened
    const write = bytes => { at += file.write(bytes, { at }) }
    if (piece) {
      write(piece)
    } else {
      if (url) {
        const reader = (await fetch(url, { cache: 'no-store' })).body.getReader({ mode: 'byob' })
        for (let buffer = new ArrayBuffer(1 << 19); ;) {
          const { done, value } = await reader.read(new Uint8Array(buffer))
          if (done) break
          write(value)
          buffer = value.buffer
        }
      }
    }
    postMessage(at)
  }
}
