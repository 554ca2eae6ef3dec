// The measurements in a page of the browser. Times are in milliseconds. `others` is the bundle of
// ../others.js.

globalThis.bench = {
  // Hashes `count` pieces of `size` bytes in memory with the browser's SHA-256 alone, `flight`
  // pieces at a time.
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

  // Runs `ipfs-unixfs-importer` on the chosen file, with a store that keeps nothing. The hash is in
  // the form of protocol.md.
  async importer() {
    const [file] = document.getElementById('bench-file').files
    const start = performance.now()
    const store = { put: cid => cid }
    let root
    for await (const { cid } of others.importer([{ content: chunks(file) }], store, { profile: 'unixfs-v1-2025' })) root = cid
    return { ms: performance.now() - start, cid: (root.code === 0x70 ? root.toV0() : root).toString() }
  },

  // Downloads without verification, and writes the bytes as they arrive to the same kind of file
  // and in the same way as the extension. It runs in a page of another origin, because the
  // extension's pages start only the extension's workers. The bytes are on the disk in the end if they are `flushed`.
  async plain(url, flushed) {
    this.file = new Written()
    const start = performance.now()
    const bytes = await this.file.ask({ url, flushed })
    return { ms: performance.now() - start, bytes }
  },

  // Removes what `plain` has written.
  async remove() {
    await this.file.remove()
  },

  // Runs `@helia/verified-fetch` with one trustless gateway. Its bytes are dropped, or written like
  // those of `plain`.
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

  // Uploads the chosen file, or `size` random bytes, to an address with PUT.
  async put(url, size) {
    const body = size === undefined ? document.getElementById('bench-file').files[0] : noise(size)
    const start = performance.now()
    await fetch(url, { method: 'PUT', body })
    return { ms: performance.now() - start }
  },

  // Downloads what is at an address into memory.
  async get(url) {
    const start = performance.now()
    const bytes = (await (await fetch(url, { cache: 'no-store' })).arrayBuffer()).byteLength
    return { ms: performance.now() - start, bytes }
  },

  // Saves what is at an address to the download folder, as a click on a link does.
  save(url) {
    const link = Object.assign(document.createElement('a'), { href: url, download: '' })
    link.click()
  },

  // Adds a file field that the scripts of the page do not know.
  field() {
    document.getElementById('bench-file')?.remove()
    document.body.append(Object.assign(document.createElement('input'), { type: 'file', id: 'bench-file' }))
  },

  // Records the events that the extension's worker sends to its faces. It works only in a page of
  // the extension.
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

  // Returns all recorded events as text.
  listed() {
    return this.events.map(({ at, kind }) => `${at - this.events[0].at} ${JSON.stringify(kind)}`)
  },

  // Waits for the first event that passes a test, and returns its Unix time in milliseconds.
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

// Yields the file in slices of the size in which the extension reads it.
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

// A file in the origin private file system, which a worker with direct access writes.
class Written {
  constructor() {
    const program = new Blob([`(${writes})()`], { type: 'text/javascript' })
    this.worker = new Worker(URL.createObjectURL(program))
  }

  // Sends a request to the worker, and resolves to its answer.
  ask(what, handedOver = []) {
    return new Promise((resolve, reject) => {
      this.worker.onmessage = ({ data }) => resolve(data)
      this.worker.onerror = reject
      this.worker.postMessage(what, handedOver)
    })
  }

  // Writes a stream, and returns its length when all bytes are written.
  async take(body) {
    let bytes = 0
    let last
    for (const reader = body.getReader(); ;) {
      const { done, value } = await reader.read()
      await last
      if (done) break
      // The array may be a part of a larger buffer, or empty, so it is copied.
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
        // The worker still has the file open for a moment.
        if (why.name !== 'NoModificationAllowedError') throw why
        await new Promise(resolve => setTimeout(resolve, 50))
      }
    }
  }
}

// Runs in the worker: writes what is at an address, or the next piece. A request without either
// waits for the writes before it.
function writes() {
  const opened = navigator.storage.getDirectory()
    .then(root => root.getFileHandle('figures', { create: true }))
    .then(file => file.createSyncAccessHandle())
  let at = 0
  onmessage = async ({ data: { url, flushed, piece } }) => {
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
      if (flushed) file.flush()
    }
    postMessage(at)
  }
}
