# Sizes and speeds. Units are decimal (SI).
#
# العربية. الأسلوب محايد. علامتا التنصيص: «…».
# المصطلحات: share = مشاركة؛ fetch = جلب؛ node = عقدة؛ peer = نظير؛ provider = مزوّد؛ storage = مخزن؛ hash = تجزئة؛
# link = رابط؛ web link = رابط ويب؛ privately = بخصوصية؛ background worker = عملية الخلفية؛ upload = رفع؛
# extension = إضافة؛ gateway = بوابة؛ call = استدعاء.

bytes =
    { $count ->
        [zero] { $count } بايت
        [one] بايت واحد
        [two] بايتان
        [few] { $count } بايتات
        [many] { $count } بايتًا
       *[other] { $count } بايت
    }
kilobytes = { $size } ك.ب
megabytes = { $size } م.ب
gigabytes = { $size } غ.ب
terabytes = { $size } ت.ب
petabytes = { $size } ب.ب
exabytes = { $size } إ.ب
per-second = { $size }/ث
of-total = { $part } من { $total }
