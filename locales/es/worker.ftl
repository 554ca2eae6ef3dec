# What the worker says: in the context menu, in the address bar, in notifications, and at the button in the toolbar.
#
# Español. Tratamiento: tú. Comillas: «…».
# Palabras: share = compartir; fetch = obtener; node = nodo; peer = par; provider = proveedor; storage = almacén;
# hash = hash; link = enlace; web link = enlace web; privately = en privado; background worker = proceso en segundo plano;
# upload = subir; extension = extensión; gateway = pasarela; call = llamada.

## The context menu and the address bar.

menu-share = Compartir con Fluence
menu-share-privately = Compartir en privado
omnibox = Escribe o pega un enlace de Fluence o un hash y pulsa Intro para ver qué es.
would-fetch = Ver qué es { $cid } y obtenerlo
would-fetch-private = Ver qué es lo compartido en privado { $cid } y obtenerlo
omnibox-kept = El navegador recuerda lo que se escribe aquí. Es mejor pegar un enlace privado tras hacer clic en el botón de Fluence Share.

## Notifications: a title, and a sentence or two.

shared = Se comparte { $name }
shared-copied = Otros pueden obtenerlo ahora, mientras este navegador esté abierto. Su enlace está en el portapapeles.
shared-not-copied = Otros pueden obtenerlo ahora, mientras este navegador esté abierto. Encontrarás el enlace en el botón de Fluence Share.
shared-many =
    { $count ->
        [one] Se comparte 1 archivo
       *[other] Se comparten { $count } archivos
    }
shared-many-text = Otros pueden obtenerlos ahora, mientras este navegador esté abierto. Encontrarás los enlaces en el botón de Fluence Share.
not-shared-many =
    { $count ->
        [one] Sin compartir: 1 archivo
       *[other] Sin compartir: { $count } archivos
    }
not-shared-many-text = Haz clic en el botón de Fluence Share para ver los motivos.
shared-some-text =
    { $count ->
        [one] No se ha podido compartir 1 archivo. Haz clic en el botón de Fluence Share para ver el motivo.
       *[other] No se han podido compartir { $count } archivos. Haz clic en el botón de Fluence Share para ver los motivos.
    }
asking = Alguien pide { $name }
asking-text = Permítelo en el plazo de un minuto o no se enviará nada.
allow = Permitir
refuse = Rechazar
fetched = Ha llegado { $name }
fetched-text = Ha llegado entero y se ha comprobado cada byte.
not-shared = No se ha compartido: { $name }
not-fetched = No se ha obtenido: { $name }
click-needed = Hay archivos que esperan un clic tuyo
trouble = Algo no ha funcionado

## The button in the toolbar, while the mouse is over it.

button-waits = Fluence Share: algo espera tu permiso para compartirse. Haz clic para darlo.
button-no-node = Fluence Share: no hay ningún nodo. Elige uno en los ajustes.
button-offline = Fluence Share: sin conexión ({ $why }). Se intenta de nuevo por sí solo.
button-connecting = Fluence Share: conectando…
button-unreachable = Fluence Share: conectado, pero nadie puede contactar con este navegador. Se intenta de nuevo por sí solo.
button-online = Fluence Share: listo para compartir y obtener.
button-online-shared =
    { $count ->
        [one] Fluence Share: listo, se comparte 1 archivo.
       *[other] Fluence Share: listo, se comparten { $count } archivos.
    }
button-moving =
    { $count ->
        [one] 1 archivo está en camino.
       *[other] { $count } archivos están en camino.
    }
button-moving-bytes =
    { $count ->
        [one] 1 archivo está en camino, { $size } hasta ahora.
       *[other] { $count } archivos están en camino, { $size } hasta ahora.
    }
