# What went wrong, what to do next, and why: the words of failures. English is the text that is translated.
#
# Every message here can have these variables: $host (a server), $peer (the id of a peer), $name (of a file, a setting or
# a function), $detail (the words of another program), $codec, $status (an HTTP status), $code, $reason (one of the
# clauses at the end), $limit-size and $size (with its unit), $limit (a number).
#
# The names of buttons in quotation marks are those of files.ftl and settings.ftl.
#
# Español. Tratamiento: tú. Comillas: «…».
# Palabras: share = compartir; fetch = obtener; node = nodo; peer = par; provider = proveedor; storage = almacén;
# hash = hash; link = enlace; web link = enlace web; privately = en privado; background worker = proceso en segundo plano;
# upload = subir; extension = extensión; gateway = pasarela; call = llamada.

## What happened.

not-here = Esto no se puede hacer desde aquí.
bad-link-empty = Aún no hay nada que obtener: pega un hash (empieza por Qm o bafy) o un enlace fluence:.
bad-link-too-long = Es demasiado largo para ser un hash o un enlace.
bad-link-not-a-file = Es el CID de algo que no es un archivo (códec { $codec }).
bad-link-inside-folder = «{ $detail }» está dentro de algo compartido en privado, que solo se puede obtener entero.
bad-link-no-such-entry = En esta carpeta no hay ningún «{ $detail }».
bad-link-lowered-cid = «{ $detail }» no es el hash de un archivo: { $reason }.
bad-link-bad-key = La clave al final del enlace, después de #, está dañada o incompleta.
bad-link = «{ $detail }» no es el hash de un archivo.
paused-fetch = Lo has pausado.
paused-upload = Has pausado la compartición mientras se enviaba.
paused = Lo has detenido antes de que se leyera entero.
stopped = Has detenido la subida.
interrupted-upload = Se ha cortado la subida.
interrupted = Se ha cortado antes de terminar.
interrupted-click = No se ha compartido aquello en lo que hiciste clic: era demasiado grande para conservarlo mientras la extensión se reiniciaba.
file-gone = El archivo almacenado falta o se ha modificado.
bad-setting-too-many-nodes =
    { $limit ->
        [one] Hay más de { $limit } nodo.
       *[other] Hay más de { $limit } nodos.
    }
bad-setting-too-long = «{ $name }» es demasiado largo.
bad-setting-zero = Un tamaño debe estar entre 1 byte y 9 PB.
bad-setting-bad-url = «{ $name }» no es la dirección de un nodo IPFS.
bad-setting-bad-folder-name = «{ $name }» no puede ser el nombre de una carpeta.
bad-setting = «{ $name }» no es la dirección de un nodo: { $reason }.
bad-setting-unknown = Un ajuste tiene un valor que no puede tener.
bad-settings-file-bad-value = No se puede leer el valor de «{ $name }» en este archivo.
bad-settings-file-newer-version = Estos ajustes son de una versión más reciente de Fluence Share.
bad-settings-file-too-long = Este archivo es demasiado grande para ser de ajustes.
bad-settings-file = Esto no es un archivo de ajustes de Fluence Share.
bad-identity-file = Este archivo no contiene ninguna identidad que se pueda usar aquí.
wrong-passphrase = La frase de contraseña no abre este archivo.
node-list = La lista de nodos de { $host } no se puede usar: { $reason }.
call-failed = { $name } no da ningún resultado: { $reason }.
unknown-item = Este archivo ya no está en la lista.
too-many-items = Ya hay { $limit } archivos en la lista.
too-large = Supera los { $limit-size }, lo máximo que permiten los ajustes.
disk-full = No queda espacio en el disco.
room-full = No cabe en los { $limit-size } que pueden ocupar todos los archivos juntos.
budget = Alguien lo ha pedido y es mayor que los { $limit-size } que permites subir.
day-budget = Alguien lo ha pedido y los { $limit-size } que permites subir en un día no bastan.
metered = Alguien lo ha pedido y no permites subir nada por una red de uso medido.
store-failed-fetch = El disco ha fallado mientras se escribía el archivo.
store-failed = El disco ha fallado mientras se almacenaba o se leía el archivo.
source-unreachable = No se puede contactar con { $host }.
source-silent = { $host } no ha enviado nada durante demasiado tiempo.
source-broken = La respuesta de { $host } se ha cortado.
http-status-401 = { $host } se niega a dar este archivo ({ $status }).
http-status-404 = { $host } no tiene ese archivo ({ $status }).
http-status-429 = Se ha preguntado demasiadas veces a { $host } ({ $status }).
http-status-500 = { $host } no ha podido dar este archivo ({ $status }).
http-status = { $host } no ha dado este archivo ({ $status }).
login-page = { $host } ha enviado una página web en lugar del archivo, muy probablemente un formulario de acceso.
bad-folder-too-many-files = La carpeta tiene más de { $limit } archivos, demasiados para compartirlos con un solo hash.
bad-folder = «{ $name }» no se puede compartir en una carpeta: { $reason }.
bad-folder-unknown = Estos archivos no se pueden compartir como carpeta.
bad-address-bad-data-url = La dirección data: de la imagen está dañada.
bad-address-unsupported-scheme = Lo que hay en una dirección { $name }: no se puede compartir desde aquí.
bad-address-too-long = Esa dirección es demasiado larga.
bad-address = Eso no es una dirección web.
page-gone = Solo la propia página puede leer esto y no lo ha hecho.
needs-access = El navegador aún no permite que Fluence Share lea de { $host }.
needs-click = El navegador pide un clic tuyo antes de volver a leer el archivo.
not-allowed = No se ha compartido nada de { $host }: el navegador no tenía permiso para leerlo allí.
offline = No hay conexión con la red.
no-provider = No se ha encontrado a nadie que tenga este archivo.
provider-gone = Se ha encontrado un proveedor, pero: { $reason }.
bad-answer = El proveedor { $peer } ha dado una respuesta que no se puede usar: { $reason }.
wrong-bytes-banned = El proveedor { $peer } indica { $host }, que ha enviado bytes incorrectos.
wrong-bytes = { $host } (indicado por el proveedor { $peer }) ha enviado bytes que no son los del archivo.
stalled = { $host } no ha enviado nada nuevo durante demasiado tiempo.
storage-gone-fetch = El almacén de { $host } no envía el archivo: { $reason }.
storage-gone = El almacén de { $host } no acepta el archivo: { $reason }.
bad-dag = El hash no designa un archivo que se pueda obtener: { $reason }.
not-opened-not-private = El enlace tiene una clave, pero lo que hay detrás no se ha compartido en privado.
not-opened = Lo compartido en privado no se puede abrir: { $reason }.
bad-storage = El nodo ha indicado un almacén cuya dirección no se puede usar.
no-storage = El nodo no indica ningún almacén: { $reason }.
no-storage-found = Alguien lo ha pedido y no se ha podido contactar con ningún nodo con almacén.
busy-upload = Alguien lo ha pedido y el nodo tiene demasiado trabajo para almacenarlo ahora.
busy = Se ha pedido demasiado a la vez.
refused-upload = El almacén se ha negado a aceptar el archivo.
refused-fetch = El proveedor lo ha rechazado.
refused = Se ha rechazado.
quota = El almacén de { $host } no tiene espacio para el archivo.
storage-refused = El almacén de { $host } ha rechazado el archivo.
own-ipfs = Alguien lo ha pedido y tu nodo IPFS no lo acepta: { $reason }.
rpc-unreachable = Nada responde en { $host }.
rpc-failed-status = { $host } ha respondido { $status }; la interfaz RPC de un nodo IPFS responde 200.
rpc-failed-malformed = Lo que responde en { $host } no es la interfaz RPC de un nodo IPFS.
rpc-failed = El nodo IPFS de { $host } no acepta archivos.
origin-refused = { $host } no deja entrar a esta extensión: un nodo IPFS solo acepta llamadas de los orígenes que figuran en su configuración.
gateway-unreachable = No se puede contactar con ninguna pasarela en { $host }.
gateway-failed = La pasarela de { $host } ha respondido { $status } para un bloque que su nodo tiene.
another-node = La pasarela de { $host } no tiene lo que la interfaz RPC de { $name } acaba de aceptar: no pertenecen al mismo nodo.
not-saved = «{ $name }» no se ha guardado en la carpeta de descargas.
journal-failed = Lo que acaba de ocurrir no se ha podido anotar.
journal-damaged =
    { $size ->
        [one] No se ha podido leer una parte de lo anotado: se ha perdido { $size } registro.
       *[other] No se ha podido leer una parte de lo anotado: se han perdido { $size } registros.
    }
journal-lost = Lo anotado no se ha podido abrir, así que se ha empezado una lista nueva.
settings-damaged = Algunos ajustes no se han podido leer y tienen sus valores predeterminados: { $name }.
identity-lost = La identidad de este par no se ha podido leer, así que tiene una nueva.
not-renewed = Este navegador conserva su identidad, porque no se puede usar una nueva: { $detail }.
not-sent = No se ha podido enviar un mensaje entre esta página y el proceso en segundo plano.
no-answer = El proceso en segundo plano se ha detenido antes de responder; aun así, puede haber empezado.
handover = El proceso en segundo plano no ha recibido los archivos.
unknown = Algo ha fallado que esta versión no conoce ({ $code }).

## What to do next, for somebody who uses the extension.

do-not-here = Usa la extensión del navegador.
do-bad-link-inside-folder = Para obtenerlo todo, quita la ruta que hay entre el hash y «#».
do-bad-link-no-such-entry = Comprueba la ruta que sigue al hash. Para obtener la carpeta entera, quita la ruta.
do-bad-link-not-a-cid = Un hash empieza por Qm o bafy. Comprueba que se haya copiado entero.
do-bad-link-ipns-name = Obtén por su hash aquello a lo que lleva.
do-bad-link-bad-key = Copia otra vez el enlace entero.
do-bad-link-too-long = Copia solo el enlace, sin el texto que lo rodea.
do-bad-link-peer-id = Es el nombre de un par. Pega el enlace de uno de sus archivos.
do-bad-link-not-a-file = Solo se pueden obtener archivos y carpetas.
do-bad-link = Pide el enlace a la persona que ha compartido el archivo.
do-paused-fetch = Elige «Reanudar» para continuar; lo que ha llegado hasta ahora se conserva.
do-paused-upload = Continúa cuando sigas compartiendo y alguien lo pida.
do-paused = No se ha compartido nada de ello.
do-stopped = Continúa cuando el archivo se comparta de nuevo y alguien lo pida.
do-interrupted-upload = Empieza de nuevo cuando alguien pida el archivo.
do-interrupted-fetch = Elige «Reintentar» para continuar.
do-interrupted = Inténtalo de nuevo o vuelve a elegir el archivo.
do-interrupted-click = Haz clic en ello otra vez.
do-file-gone-fetch = Obtenlo de nuevo.
do-file-gone = Comparte el archivo de nuevo.
do-bad-setting-too-many-nodes = Quita algunos.
do-bad-setting-zero = Elige otro tamaño.
do-bad-setting-bad-url = Una dirección es como http://127.0.0.1:5001.
do-bad-setting-bad-folder-name = Usa un nombre sencillo, sin / ni otros caracteres que los sistemas prohíben.
do-bad-setting = Una dirección es como /dns4/node.example.org/tcp/443/tls/ws.
do-bad-settings-file-newer-version = Actualiza la extensión. Aquí no se ha cambiado nada.
do-bad-settings-file = Elige un archivo creado con «Exportar ajustes». Aquí no se ha cambiado nada.
do-bad-identity-file = Elige un archivo creado con «Guardar identidad». Aquí no se ha cambiado nada.
do-wrong-passphrase = Escríbela otra vez. Aquí no se ha cambiado nada.
do-node-list-unreachable = Comprueba la dirección e inténtalo más tarde.
do-node-list = Pregunta a quien te dio la dirección. La lista de un servidor está en https://HOST/.well-known/fluence-nodes.
do-call-failed-bad-function = Corrígelo y llama de nuevo.
do-call-failed = Comprueba el nombre o inténtalo más tarde.
do-unknown-item = Mira de nuevo la lista.
do-too-many-items = Quita algunos que ya no necesites.
do-too-large-fetch = Aumenta el límite en los ajustes y elige después «Reintentar».
do-too-large = Aumenta el límite en los ajustes o comparte solo una parte.
do-budget = Aumenta el límite en los ajustes o compártelo de otra manera.
do-day-budget = Se subirá cuando alguien lo pida mañana; o aumenta el límite en los ajustes.
do-metered = Se subirá cuando alguien lo pida mientras uses otra red.
do-room-full-fetch = Elige «Liberar espacio» debajo de la lista o aumenta el límite en los ajustes, y elige después «Reintentar».
do-room-full = Elige «Liberar espacio» debajo de la lista o aumenta el límite en los ajustes, y compártelo de nuevo.
do-disk-full-share = Libera espacio y compártelo de nuevo; no se ha conservado nada.
do-disk-full-fetch = Libera espacio y elige después «Reintentar»; lo que ha llegado hasta ahora se conserva.
do-disk-full = Libera espacio en el disco o quita archivos aquí.
do-store-failed-share = Compártelo de nuevo; si vuelve a fallar, revisa el disco.
do-store-failed = Inténtalo de nuevo; si vuelve a fallar, revisa el disco.
do-source-unreachable = Comprueba la dirección y la conexión, e inténtalo de nuevo.
do-source-silent = Inténtalo más tarde.
do-source-broken = Inténtalo de nuevo.
do-http-status-401 = Inicia sesión allí en este navegador e inténtalo de nuevo.
do-http-status-404 = Comprueba el enlace; puede que esté anticuado.
do-http-status-429 = Inténtalo de nuevo dentro de unos minutos.
do-http-status-500 = Inténtalo más tarde; el fallo está allí, no aquí.
do-http-status = Abre el enlace en una pestaña para ver qué hay allí.
do-login-page = Abre el archivo en una pestaña, inicia sesión allí e inténtalo de nuevo. O comparte la propia página web desde el menú de la fila.
do-bad-folder-name-collision = Cámbiale el nombre y comparte la carpeta de nuevo.
do-bad-folder = Comparte los archivos por separado o solo una parte de la carpeta.
do-bad-address-not-an-address = Copia la dirección entera, desde https://.
do-bad-address = Guárdalo con el navegador y comparte el archivo.
do-page-gone = Vuelve a cargar la página e inténtalo de nuevo, o guarda el archivo y compártelo.
do-needs-access = Haz clic en el botón de Fluence Share y elige «Permitir acceso»; después continuará.
do-needs-click = Se comparte desde donde lo tienes y aquí no se guarda nada de él. Elige «Empezar a compartir»; en la ventana emergente basta un clic para todos esos archivos.
do-not-allowed = Inténtalo de nuevo y permite el acceso, o guarda el archivo y compártelo.
do-offline = Continúa por sí solo cuando vuelva la conexión.
do-no-provider = Comprueba el hash o pide a quien lo compartió que abra su navegador; elige después «Reintentar».
do-provider-gone = Pide a quien lo compartió que abra su navegador e inténtalo de nuevo.
do-bad-answer = Inténtalo de nuevo. Si no sirve, la otra parte tiene que actualizar su programa.
do-wrong-bytes = No se ha conservado ninguno. Inténtalo de nuevo para preguntar a otros proveedores.
do-stalled-fetch = Inténtalo de nuevo; lo que ha llegado hasta ahora se conserva.
do-stalled = Se intentará de nuevo, si es posible en otro sitio, cuando alguien pida el archivo.
do-bad-dag = Pide a quien lo compartió el hash correcto o que lo comparta de nuevo.
do-not-opened = No se ha conservado nada. Pide a quien lo compartió el enlace entero.
do-bad-storage = Elige otro nodo en los ajustes.
do-no-storage = Comprueba la conexión y los nodos en los ajustes.
do-busy-upload = Se intentará de nuevo cuando alguien pida el archivo.
do-busy = Espera un momento e inténtalo de nuevo.
do-refused-upload = Se intentará de nuevo cuando alguien pida el archivo. También puedes poner otro nodo.
do-refused = Inténtalo más tarde o pregunta a quien lo compartió.
do-quota = Espera a que el almacén vuelva a tener espacio o elige otro nodo en los ajustes.
do-storage-refused = Elige otro nodo en los ajustes o inténtalo más tarde.
do-own-ipfs = Inicia tu nodo IPFS, abre los ajustes y elige «Probar», que dice qué le pasa.
do-rpc-unreachable = Inicia el nodo IPFS (`ipfs daemon`) y consulta la dirección con `ipfs config Addresses.API`.
do-rpc-failed-status = Comprueba que la dirección sea la de la interfaz RPC, que suele ser http://127.0.0.1:5001.
do-rpc-failed = Tiene que ser Kubo 0.42 o posterior, con espacio en el disco. Su propio registro dice más.
do-origin-refused = Si ese es tu nodo IPFS, ejecuta esta orden y después detén e inicia el nodo: { $name }
do-gateway-unreachable = Inicia el nodo IPFS (`ipfs daemon`) y consulta la dirección con `ipfs config Addresses.Gateway`.
do-gateway-failed = Comprueba que la dirección sea la de la pasarela, que suele ser http://127.0.0.1:8080.
do-another-node = Consulta ambas direcciones con `ipfs config Addresses`.
do-not-saved = Elige «Guardar» para intentarlo de nuevo; comprueba que haya espacio en el disco.
do-journal-failed = Se intenta de nuevo por sí solo y solo se pierde si el navegador se cierra antes.
do-journal-damaged = Lo demás está aquí. Los archivos cuyos registros se han perdido aparecen con sus hashes.
do-settings-damaged = Abre los ajustes y ponlos de nuevo.
do-identity-lost = Lo que compartes se anuncia de nuevo con ella.
do-not-renewed = Comprueba que haya espacio en el disco e inténtalo de nuevo.
do-not-sent = Cierra esta página y ábrela de nuevo.
do-no-answer-share = Mira la lista e inténtalo de nuevo si allí no pasa nada.
do-no-answer = Mira si se ha hecho e inténtalo de nuevo si no.
do-handover = Elígelos de nuevo, o menos a la vez.
do-unknown = Busca una versión más reciente.

## Why: clauses, which follow a colon or a comma.
## Their subject "it" is what the sentence is about: the provider, the storage, the file or the address.

reason-empty = está vacío
reason-too-long = es demasiado largo
reason-not-a-cid = no es un CID
reason-not-a-file = no designa un archivo
reason-inside-folder = está dentro de una carpeta
reason-no-such-entry = no tiene esa entrada
reason-lowered-cid = es un hash sin sus letras mayúsculas
reason-peer-id = es el identificador de un par
reason-ipns-name = es un nombre IPNS
reason-bad-key = su clave no está completa
reason-unreachable = no se puede contactar
reason-silent = silencio durante demasiado tiempo
reason-broken-off = la respuesta se ha cortado
reason-status = ha respondido { $status }
reason-no-reply = no ha respondido a tiempo
reason-malformed = no se entiende la respuesta
reason-no-such-function = ya no ofrece el archivo
reason-refused = se ha negado
reason-busy = está ocupado
reason-unavailable = no tiene ningún almacén a mano
reason-bad-request = no ha entendido la llamada
reason-internal = ha fallado
reason-no-address = no indica ningún almacén
reason-bad-address = indica una dirección que no es la de un almacén
reason-banned = indica un almacén que ha enviado bytes incorrectos
reason-partial = solo ha enviado una parte
reason-too-much = envía más de lo pedido
reason-lost = se han perdido bytes en este ordenador antes de escribirlos
reason-no-cars = no envía CAR
reason-bad-car = lo que envía no es un CAR
reason-unexpected-block = ha enviado un bloque distinto del siguiente
reason-repeated-blocks = repite los mismos bloques
reason-block-too-large = un bloque es demasiado grande
reason-unknown-hash = usa una función hash no admitida ({ $codec })
reason-short-digest = el resumen es demasiado corto para demostrar nada
reason-unknown-codec = un bloque no forma parte de un archivo (códec { $codec })
reason-bad-node = un bloque no es un nodo UnixFS
reason-contradiction = sus bloques se contradicen
reason-symbolic-link = es un enlace simbólico o metadatos
reason-too-many-blocks = tiene demasiados bloques (se permiten { $limit })
reason-too-many-files = tiene demasiados archivos (se permiten { $limit })
reason-too-deep = tiene demasiados niveles
reason-paths-too-long = su ruta es demasiado larga
reason-incomplete = no está todo
reason-damaged-record = lo que se conservaba de ello está dañado
reason-not-private = no se ha compartido en privado
reason-wrong-key = la clave del enlace no es la suya
reason-altered = se ha modificado una parte
reason-bad-archive = lo que contiene no es un archivo ni una carpeta que se pueda compartir
reason-empty-name = un nombre de su ruta está vacío
reason-dot-name = un nombre de su ruta es «.» o «..»
reason-zero-byte = su nombre tiene un byte cero
reason-same-name = otro archivo tiene el mismo nombre
reason-name-collision = su nombre y otro tienen el mismo hash
reason-too-many-nodes = hay más de { $limit } nodos
reason-bad-node-address = una dirección empieza por /ip4/, /ip6/ o /dns4/
reason-bad-host = no contiene una dirección IP ni un nombre de servidor
reason-bad-port = el puerto debe ser un número de 1 a 65535
reason-not-web-socket = un navegador necesita una dirección WebSocket, …/tcp/PORT/ws o …/tcp/PORT/tls/ws
reason-bad-peer-id = lo que sigue a /p2p/ no es el identificador de un par
reason-bad-url = no es una dirección http:// o https://
reason-zero = debe ser mayor que cero
reason-bad-folder-name = no puede ser el nombre de una carpeta
reason-newer-version = es de una versión más reciente
reason-bad-value = contiene un valor que no se puede leer
reason-no-nodes = no indica ningún nodo accesible para un navegador
reason-not-secure = tiene que estar en una dirección https://
reason-bad-function = el nombre de una función tiene de 1 a 256 bytes y ningún espacio
reason-bad-arguments = los argumentos no son un objeto JSON
reason-no-function = no se ha encontrado a nadie que la ofrezca
reason-bad-data-url = la dirección data: está dañada
reason-unsupported-scheme = las direcciones de este tipo no se pueden leer
reason-not-an-address = no es una dirección web
reason-unknown = esta versión no conoce el motivo

## In the place of a value that is not known.

unset-host = (un servidor desconocido)
unset-peer = (desconocido)
unset-name = (desconocido)
unset-limit = (el límite)
unset-status = un error
unset-codec = desconocido
unset-reason = no se conoce el motivo
unset = (desconocido)
