# The settings.
#
# Español. Tratamiento: tú. Comillas: «…».
# Palabras: share = compartir; fetch = obtener; node = nodo; peer = par; provider = proveedor; storage = almacén;
# hash = hash; link = enlace; web link = enlace web; privately = en privado; background worker = proceso en segundo plano;
# upload = subir; extension = extensión; gateway = pasarela; call = llamada.

## The settings.

options-nodes = Nodos
options-nodes-help = Los nodos te presentan a otros pares y guardan archivos que están en camino. Se usa el más cercano; los archivos van al primero de este orden que los acepte.
options-nodes-text = Direcciones de los nodos
options-nodes-text-help = Una por línea, como /dns4/node.example.org/tcp/443/tls/ws.
options-nodes-reset = Usar el predeterminado
options-nodes-none = Sin un nodo no se puede compartir ni obtener nada.
options-sharing = Lo que comparto
options-profile = Forma de los hashes nuevos
options-profile-2025 = bafy… (UnixFS 2025, recomendado)
options-profile-2015 = Qm… (UnixFS 2015, para programas antiguos)
options-copy = Copiar el enlace enseguida
options-private = En privado: solo quien tiene el enlace puede leerlo
share-privately = En privado
private = Privado
private-help = Se cifra antes de salir de este navegador. Solo quien tiene el enlace puede leerlo o ver su nombre.
options-ends = Dejar de compartirlo
options-sent-day = Subir en un día como máximo
options-sent-file = Archivo más grande que se sube
options-no-limit = sin límite
options-metered = Subir también por redes de uso medido
options-metered-now = La red que uso ahora es de uso medido
options-metered-help = No todos los navegadores reconocen qué redes son de uso medido. Lo que indiques aquí vale hasta que lo cambies.
metered = Esta red es de uso medido: no se sube nada por ella. Lo que se subió antes se queda en su almacén.
metered-not = No es de uso medido
ends-help = Cuándo deja de compartirse por sí solo lo que compartes
ends-as-set = Según los ajustes
ends-change = Cambiar…
ends-label = Termina
pause-all = Pausar toda la compartición
resume-all = Seguir compartiendo
paused = La compartición está en pausa: nada sale de este ordenador. Lo que se subió antes se queda en su almacén.
options-notify = Mostrar notificaciones
options-fetching = Lo que obtengo
options-save = Guardarlo enseguida en la carpeta de descargas
options-provide = Compartirlo también con otros
options-max = Archivo más grande en general
options-max-help = Los archivos más grandes no se comparten ni se obtienen.
options-room = Espacio para todos los archivos juntos
options-room-auto = automático
options-copy-large = Copiar los archivos grandes al compartirlos
options-copy-large-help = Si no, los archivos a partir de 16 MB se leen donde los tienes y no ocupan espacio. Tras reiniciar el navegador se vuelven a compartir cuando haces clic.
options-ipfs = Mi propio nodo IPFS
options-ipfs-use = Poner lo que comparto en mi propio nodo IPFS
options-ipfs-help = Se usa en lugar del almacén que ofrecen los nodos. A otros se les da la dirección de la pasarela, así que deben poder acceder a ella.
options-rpc = Dirección RPC
options-gateway = Dirección de la pasarela
options-test = Probar
options-testing = Probando…
options-test-good = Ambas responden como deben.
options-test-local = Ambas responden como deben, pero nadie fuera de este ordenador puede acceder a la pasarela. Usa una dirección a la que otros puedan acceder.
reading-title = Leer sitios
reading-help = Para compartir algo que está en otro sitio que la página, Fluence Share tiene que leerlo allí. Pregunta por cada sitio cuando compartes desde él, o una vez por todos. No se lee nada antes de que lo compartas.
private-windows = En ventanas privadas Fluence Share no hace nada: lleva una lista de lo que compartes y obtienes, y una ventana privada no debe dejar rastro.
reading-allow = Permitir todos los sitios
reading-every = Todos los sitios
reading-give-back = Retirar
options-look = Aspecto
options-save-button = Guardar ajustes
options-saving = Guardando…
options-saved = Guardado.
options-unsaved = Hay cambios sin guardar.
options-revert = Deshacer cambios
options-wrong = Antes hay que revisar algo más arriba.
public = El IPFS público
public-help = Cuando nadie comparte un archivo aquí, se puede buscar en el IPFS público. Los enrutadores y pasarelas de abajo conocen entonces su hash y tu dirección de red; lo que envían se comprueba como todo lo demás.
public-allow = Buscar en el IPFS público los archivos que nadie comparte
public-routers = Enrutadores, que saben quién tiene un archivo
public-gateways = Pasarelas, a las que se pregunta después de las que indican los enrutadores
public-question = Puede que esté en el IPFS público. A quien se pregunta allí conoce el hash y tu dirección de red.
public-look = Buscar allí
public-never = No buscar nunca allí
report = Guardar un informe
report-help = Si algo no funciona, un informe ayuda a quienes buscan el fallo. Dice qué ha ocurrido y cuándo. Los nombres, enlaces, claves, hashes, pares y direcciones se sustituyen por números.
keys = Teclado y enlaces
key-none = Ninguna tecla
keys-help = El navegador tiene las teclas de todas las extensiones en una página, donde puedes cambiarlas: chrome://extensions/shortcuts.
keys-help-firefox = El navegador tiene las teclas de todas las extensiones en una página, donde puedes cambiarlas: «Administrar atajos de teclado», en el menú de about:addons.
keys-change = Cambiar las teclas
keys-refused = El navegador no ha abierto su página. Escribe su dirección en la barra de direcciones.
keyword-help = En la barra de direcciones, escribe fl, un espacio y un enlace o un hash para ver qué es y obtenerlo.
links-help = Los enlaces que empiezan por web+fluence: o ipfs: pueden abrirse aquí, desde cualquier página. No se obtiene nada antes de que pulses «Obtener».
links-ask = Abrir esos enlaces aquí
links-asked = El navegador pregunta en la barra de direcciones o junto a ella.
links-at-click = El navegador pregunta qué programa los abre cuando haces clic en uno por primera vez.
links-refused = El navegador no deja que una extensión abra esos enlaces. Cópialos en el campo en su lugar.
options-about = Acerca de
options-about-text = Todo es una llamada a una función: un archivo es una función a la que responde su dueño. Nada sale de tu navegador antes de que alguien lo pida, y cada byte que obtienes se compara con su hash.
options-version = Versión

## The settings, further: nodes, notifications, identity, and the settings file.

options-folder = Carpeta dentro de la carpeta de descargas
options-folder-none = ninguna
options-notices = Notificaciones
notify-shared = Se comparte un archivo
notify-fetched = Ha llegado un archivo
notify-failed = Algo ha fallado
notify-asked = Alguien pide un archivo por el que quiero que se me pregunte
options-advanced = Avanzado
options-advanced-help = La forma de los hashes, límites, direcciones de nodos, un nodo IPFS propio
options-limits = Límites
node-add = Añadir
node-add-label = Dirección de un nodo o de una lista de nodos
node-add-help = Como /dns4/node.example.org/tcp/443/tls/ws, o https://example.org para la lista de un grupo.
node-adding = Leyendo la lista…
node-qr = Mostrar como código QR
node-qr-help = Quien lo escanee obtiene esta dirección. En Fluence Share puedes leer aquí una imagen del código.
node-qr-of = Código QR con la dirección { $address }
node-scan = Leer un código QR
node-scan-none = En esta imagen no hay ningún código QR con la dirección de un nodo ni de una lista de nodos.
node-known = Este nodo ya está en la lista.
nodes-known = Estos nodos ya están en la lista.
node-up = Subir: usarlo antes
node-down = Bajar: usarlo después
node-remove = Quitar este nodo
node-test = Probar
node-testing = Conectando con él…
node-unsaved = Aún no se usa: guarda los ajustes
node-connecting = Conectando…
node-spare = Sin conexión: bastan otros
node-found = encontrado a través de la red
network-open = Ver la red y las llamadas
identity = Identidad
identity-help = Otros conocen este navegador por su identificador de par. No tiene nombre ni cuenta.
identity-new = Nueva identidad
identity-question = ¿Sustituir tu identificador de par por uno nuevo? Tus archivos siguen compartidos con los mismos enlaces. Lo que se subió antes se queda en su almacén hasta que caduque allí, porque solo la identidad antigua podría retirarlo. No hay vuelta atrás, salvo que hayas guardado la antigua.
identity-confirm = Sustituirlo
identity-done = Este navegador tiene otra identidad.
identity-waits = Esto tarda un momento…
identity-saved = El navegador está guardando la identidad en tu carpeta de descargas.
identity-session = Usar otra identidad cada vez que se inicia el navegador
identity-session-help = Así nadie vuelve a reconocer este navegador por su identificador de par. Lo que subió con uno anterior se queda en su almacén hasta que caduque allí. La identidad de ahora se conserva para cuando desactives esto.
identity-save = Guardar identidad
identity-save-question = Elige una frase larga: quien tenga el archivo puede probar una tras otra, y quien la encuentre puede hacerse pasar por ti. Nadie puede devolvértela.
identity-save-confirm = Guardar
identity-use = Usar una guardada
identity-use-question = ¿Sustituir tu identificador de par por el de este archivo? No se puede volver al de ahora, salvo que lo hayas guardado. No uses una identidad en dos navegadores a la vez, porque una llamada llegaría solo a uno de ellos.
identity-too-large = Este archivo es demasiado grande para ser una identidad. No se ha cambiado nada.
passphrase = Frase de contraseña
passphrase-again = La misma otra vez
passphrase-short = Usa al menos 8 caracteres.
passphrase-differs = Las dos no son iguales.
copy = Copiar
file = Archivo de ajustes
file-help = Todos los ajustes menos el idioma, para otro navegador o para más tarde. No contiene archivos, enlaces ni claves.
export = Exportar ajustes
not-saved = El navegador no ha guardado el archivo.
import = Importar ajustes
import-confirm = Sustituir los míos
import-cancel = Conservar los míos
import-too-large = Este archivo es demasiado grande para ser de ajustes. No se ha cambiado nada.
import-unreadable = Este archivo no se puede leer. No se ha cambiado nada.
import-question = ¿Sustituir todos los ajustes por los de este archivo?
import-done = Ahora se usan los ajustes del archivo.

## The language.

look-language = Idioma
look-language-auto = Como el navegador

## The units in which sizes are typed.

unit-megabytes = MB
unit-gigabytes = GB
unit-terabytes = TB

## The keys.

key-open = Abrir Fluence Share
key-share = Compartir archivos

## What is said with numbers and names.

nodes-left =
    { $count ->
        [one] No se ha añadido un nodo: puede haber { NUMBER($most) }. Quita antes alguno de los otros.
       *[other] No se han añadido { $count } nodos: puede haber { NUMBER($most) }. Quita antes alguno de los otros.
    }
of-node = { $what }: { $host }
node-online = Conectado · te hace accesible
node-full = Conectado · no tiene sitio para hacerte accesible
node-not-reachable = No se puede contactar. { $cause }
node-connecting-again = Conectando… { $cause }
tested-in = Funciona: responde en { $time } y te hace accesible.
tested-good = Funciona y te hace accesible.
tested-in-fetch-only = Responde en { $time }, pero a través de él solo puedes obtener. { $cause }
tested-fetch-only = Puedes conectarte a él, pero no te hace accesible. { $cause }
tested-bad = No funciona. { $cause }

## What a settings file would change.

import-no-node = No hay ningún nodo: no se puede compartir ni obtener nada hasta que añadas uno.
import-one-node = Hay 1 nodo:
import-nodes = Hay estos nodos:
import-own-ipfs = Lo que compartes se sube a este nodo IPFS, como si fuera tuyo:
import-no-own-ipfs = Tu propio nodo IPFS deja de usarse.
import-public = Lo que nadie comparte se busca en el IPFS público sin preguntarte.
import-not-public = Lo que nadie comparte no se busca por sí solo en el IPFS público.
import-routers = El IPFS público se busca a través de:
import-gateways = Los archivos del IPFS público llegan a través de:
import-provide = Lo que obtienes se comparte con otros.
import-not-provide = Lo que obtienes no se comparte con otros.
import-private = Lo que compartes es privado si no indicas otra cosa.
import-not-private = Lo que compartes no es privado si no lo indicas.
import-session = Este navegador recibe ahora otro identificador de par, y otro más cada vez que se inicia.
import-not-session = Este navegador recupera el identificador de par que conserva.
import-rest = También cambian límites u otros ajustes.
