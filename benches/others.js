// The programs of other people that the figures compare with, as one script for a page.

import { withHTTP } from '@helia/http'
import { createVerifiedFetch } from '@helia/verified-fetch'
import { createHeliaLight } from 'helia'
import { importer } from 'ipfs-unixfs-importer'

globalThis.others = { createHeliaLight, createVerifiedFetch, importer, withHTTP }
