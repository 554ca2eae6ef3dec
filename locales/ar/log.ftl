# What happened to a file, a line each; and why there is no connection to a node.
#
# العربية. الأسلوب محايد. علامتا التنصيص: «…».
# المصطلحات: share = مشاركة؛ fetch = جلب؛ node = عقدة؛ peer = نظير؛ provider = مزوّد؛ storage = مخزن؛ hash = تجزئة؛
# link = رابط؛ web link = رابط ويب؛ privately = بخصوصية؛ background worker = عملية الخلفية؛ upload = رفع؛
# extension = إضافة؛ gateway = بوابة؛ call = استدعاء.

hashed = حُسبت تجزئة { $size }: { $cid }
shared-again = شورك مرة أخرى: هو الملف نفسه.
fetched-again = جُلب أيضًا برابط آخر: هو الملف نفسه.
reached = أُعلن، وعُثر عليه بالبحث، وأمكن الوصول إليه من الخارج.
not-reached-yet = لم يُعثر عليه من الخارج بعد؛ تُعاد المحاولة.
no-longer-reached = لم يعد ممكنًا العثور عليه من الخارج؛ يُعلَن من جديد.
requested = طلبه { $peer }.
more-requested =
    { $count ->
        [zero] لم يُطلب مرة أخرى ({ $count }).
        [one] طُلب مرة أخرى.
        [two] طُلب مرتين أخريين.
        [few] طُلب { $count } مرات أخرى.
        [many] طُلب { $count } مرة أخرى.
       *[other] طُلب { $count } مرة أخرى.
    }
of-peer = { $peer }: { $what }
already-stored = هو في المخزن بالفعل؛ لا يُرفع شيء.
expired = لم يعد مشارَكًا، كما ضُبط.
released = أزال { $host } نسخته.
kept-for-others = يحتفظ { $host } بنسخة، لأن شخصًا آخر وضع الملف هناك أيضًا أو لأن مشغّله يريد الاحتفاظ بها.
not-held = لا يحتفظ { $host } بشيء منه باسمك.
not-released = تعذّر الطلب من { $host } أن يزيل نسخته.
uploading = جارٍ الرفع إلى { $address }.
part-failed = يجب إرسال جزء من جديد. { $what }
uploaded = رُفع: { $size }.
upload-failed = فشل الرفع. { $what }
upload-failed-after = فشل الرفع بعد { $size }. { $what }
not-given = لم يحصل عليه { $peer }.
resumed-after-restart = متابعة بعد إعادة التشغيل.
resumed-online = متابعة: عادت الشبكة.
began-again = كان ما حُفظ منه تالفًا؛ يبدأ من جديد.
storage-named = يقول { $peer } إنه في { $host }.
public-gateway = لا أحد يشاركه هنا؛ يُسأل { $host }، وهو بوابة من IPFS العام.
still-stored = لا أحد يوفره الآن، لكنه لا يزال في مخزن { $host }.
storage-silent = لا جديد من { $host } منذ { NUMBER($seconds) } ث؛ يُسأل آخرون.
storage-changed = متابعة من { $host }.
storages-added = هو مخزَّن أيضًا في { $hosts }؛ تُستخدم كلها معًا.
one-storage-left = متابعة بمخزن واحد. { $what }
single-blocks = تُطلب كتل منفردة. { $what }
links-left-out = الروابط الرمزية غير موجودة في الملف المحفوظ: { $names }.
names-changed = غُيِّرت الأسماء التي لا يمكن أن تكون في الملف المحفوظ: { $names }.
kept = { $size } منه هنا وقد تُحقّق منها.
fetched = كله هنا وقد تُحقّق منه: { $size }.
unknown = حدث شيء لا يعرفه هذا الإصدار.

## Files that were refused together with one that is named.

and-others-refused =
    { $count ->
        [zero] لم يُرفض ملف آخر ({ $count }).
        [one] رُفض ملف آخر.
        [two] رُفض ملفان آخران.
        [few] رُفضت { $count } ملفات أخرى.
        [many] رُفض { $count } ملفًا آخر.
       *[other] رُفض { $count } ملف آخر.
    }

## Why there is no connection to a node: clauses, whose subject "it" is the node.

link-lost = فُقد الاتصال بالعقدة
link-closed = أغلقت العقدة الاتصال
link-unreachable = تعذّر إجراء الاتصال
link-dial-timeout = لا ترد العقدة
link-unsupported-address = لا يمكن الوصول من هنا إلى هذا النوع من العناوين
link-wrong-peer = يرد هناك نظير آخر، { $peer }
link-own-address = العنوان هو عنوان هذا النظير نفسه
link-too-many-connections = الاتصالات المفتوحة أكثر مما ينبغي
link-reservation-refused = لا تمنح العقدة حجزًا
link-reservation-timeout = لا ترد العقدة على طلب الحجز
link-reservation-ended = أنهت العقدة الحجز
link-ping-timeout = صمتت العقدة لمدة طويلة
link-not-listening = لا تنصت هذه العقدة في أي مكان
link-of-node = لا يمكن استخدام { $node }: { $cause }
link-others-too = { $cause }، ولا يمكن استخدام أي عقدة أخرى في الإعدادات
