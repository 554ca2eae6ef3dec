# The page of the network.
#
# Español. Tratamiento: tú. Comillas: «…».
# Palabras: share = compartir; fetch = obtener; node = nodo; peer = par; provider = proveedor; storage = almacén;
# hash = hash; link = enlace; web link = enlace web; privately = en privado; background worker = proceso en segundo plano;
# upload = subir; extension = extensión; gateway = pasarela; call = llamada.

## The page of the network.

network-you = Este navegador
network-sent-today = Subido hoy
network-fetched-today = Obtenido hoy
network-peers = Pares conectados
network-nodes = Conexiones con nodos
network-nodes-none = No hay ningún nodo.
network-reachable = Otros pueden contactar con este navegador a través de sus nodos.
network-not-yet = Se está estableciendo una conexión con un nodo.
nodes-change = Cambiar los nodos
calls = Llamadas
calls-help = Las últimas 50 llamadas a funciones, en ambos sentidos, a medida que ocurren. Los nombres de los archivos se omiten, porque quien conoce uno puede obtener el archivo.
calls-none = Ninguna todavía. Las llamadas aparecen aquí cuando compartes u obtienes algo y cuando otros te preguntan.
call-when = Cuándo
call-way = Sentido
call-in = entrante
call-out = saliente
call-function = Función
call-peer = Par
call-took = Duración
call-result = Resultado
call-runs = en curso
call-good = respondida
call-title = Llamar a una función
call-lead = Aquí todo es una llamada a una función. IPFS_multiaddr, por ejemplo, devuelve la dirección de un almacén.
call-name = Nombre
call-args = Argumentos, en JSON
call = Llamar
calling = Llamando…
called = Hay una respuesta.
call-reply = Respuesta

## Calls.

replied = { $peer } ha respondido tras { $time }.
call-no-reply = sin respuesta
call-not-reached = sin contacto
call-not-provided = no se ofrece
call-refused = rechazada
call-busy = ocupado
call-no-storage = sin almacén
call-not-understood = no se entiende
call-did-fail = ha fallado
