# What the browser shows of the extension: in its store, in its list of keys, and if the extension or the page for web
# links cannot start.
# The description has at most 132 characters.
#
# Español. Tratamiento: tú. Comillas: «…».
# Palabras: share = compartir; fetch = obtener; node = nodo; peer = par; provider = proveedor; storage = almacén;
# hash = hash; link = enlace; web link = enlace web; privately = en privado; background worker = proceso en segundo plano;
# upload = subir; extension = extensión; gateway = pasarela; call = llamada.

description = Comparte un archivo con un clic derecho y obtén otro por su hash. De navegador a navegador, con libp2p e IPFS.
share-files = Compartir archivos
worker-failed = Fluence no funciona: { $why }. Reinicia el navegador.
page-failed = Fluence Share no ha podido iniciarse ({ $why }). Reinicia el navegador o vuelve a instalar la extensión.
link-page-failed = Esta página no ha podido iniciarse ({ $why }). Necesita un navegador actual; vuelve a cargarla para intentarlo de nuevo.
starting = Iniciando…
