# Sizes and speeds. Units are decimal (SI).
#
# Español. Tratamiento: tú. Comillas: «…».
# Palabras: share = compartir; fetch = obtener; node = nodo; peer = par; provider = proveedor; storage = almacén;
# hash = hash; link = enlace; web link = enlace web; privately = en privado; background worker = proceso en segundo plano;
# upload = subir; extension = extensión; gateway = pasarela; call = llamada.

bytes =
    { $count ->
        [one] { $count } byte
       *[other] { $count } bytes
    }
kilobytes = { $size } kB
megabytes = { $size } MB
gigabytes = { $size } GB
terabytes = { $size } TB
petabytes = { $size } PB
exabytes = { $size } EB
per-second = { $size }/s
of-total = { $part } de { $total }
