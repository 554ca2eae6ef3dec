# What the worker says: in the context menu, in the address bar, in notifications, and at the button in the toolbar.
#
# العربية. الأسلوب محايد. علامتا التنصيص: «…».
# المصطلحات: share = مشاركة؛ fetch = جلب؛ node = عقدة؛ peer = نظير؛ provider = مزوّد؛ storage = مخزن؛ hash = تجزئة؛
# link = رابط؛ web link = رابط ويب؛ privately = بخصوصية؛ background worker = عملية الخلفية؛ upload = رفع؛
# extension = إضافة؛ gateway = بوابة؛ call = استدعاء.

## The context menu and the address bar.

menu-share = مشاركة عبر Fluence
menu-share-privately = مشاركة بخصوصية
omnibox = اكتب رابط Fluence أو تجزئة أو الصقهما، ثم اضغط Enter لترى ما هو.
would-fetch = عرض { $cid } وجلبه
would-fetch-private = عرض المشاركة الخاصة { $cid } وجلبها
omnibox-kept = يتذكر المتصفح ما يُكتب هنا. يُفضَّل لصق الرابط الخاص بعد النقر على زر Fluence Share.

## Notifications: a title, and a sentence or two.

shared = تجري مشاركة { $name }
shared-copied = يمكن للآخرين جلبه الآن ما دام هذا المتصفح مفتوحًا. رابطه في الحافظة.
shared-not-copied = يمكن للآخرين جلبه الآن ما دام هذا المتصفح مفتوحًا. انقر زر Fluence Share للحصول على رابطه.
shared-many =
    { $count ->
        [zero] لا تجري مشاركة أي ملف
        [one] تجري مشاركة ملف واحد
        [two] تجري مشاركة ملفين
        [few] تجري مشاركة { $count } ملفات
        [many] تجري مشاركة { $count } ملفًا
       *[other] تجري مشاركة { $count } ملف
    }
shared-many-text = يمكن للآخرين جلبها الآن ما دام هذا المتصفح مفتوحًا. انقر زر Fluence Share للحصول على روابطها.
not-shared-many =
    { $count ->
        [zero] لم تتعذر مشاركة أي ملف
        [one] تعذرت مشاركة ملف واحد
        [two] تعذرت مشاركة ملفين
        [few] تعذرت مشاركة { $count } ملفات
        [many] تعذرت مشاركة { $count } ملفًا
       *[other] تعذرت مشاركة { $count } ملف
    }
not-shared-many-text = انقر زر Fluence Share لمعرفة السبب.
shared-some-text =
    { $count ->
        [zero] لم تتعذر مشاركة أي ملف.
        [one] تعذرت مشاركة ملف واحد. انقر زر Fluence Share لمعرفة السبب.
        [two] تعذرت مشاركة ملفين. انقر زر Fluence Share لمعرفة السبب.
        [few] تعذرت مشاركة { $count } ملفات. انقر زر Fluence Share لمعرفة السبب.
        [many] تعذرت مشاركة { $count } ملفًا. انقر زر Fluence Share لمعرفة السبب.
       *[other] تعذرت مشاركة { $count } ملف. انقر زر Fluence Share لمعرفة السبب.
    }
asking = يطلب أحدهم { $name }
asking-text = اسمح به خلال دقيقة، وإلا فلن يُرسل شيء.
allow = السماح
refuse = الرفض
fetched = وصل { $name }
fetched-text = وصل كله، وفُحص كل بايت منه.
not-shared = تعذّرت مشاركة { $name }
not-fetched = تعذّر جلب { $name }
click-needed = ملفات تنتظر نقرة منك
trouble = حدث خطأ ما

## The button in the toolbar, while the mouse is over it.

button-waits = Fluence Share: تنتظر مشاركةٌ إذنك. انقر لمنحه.
button-no-node = Fluence Share: لم تُضبط عقدة. اختر واحدة في الإعدادات.
button-offline = Fluence Share: غير متصل ({ $why }). تُعاد المحاولة تلقائيًّا.
button-connecting = Fluence Share: جارٍ الاتصال…
button-unreachable = Fluence Share: متصل، لكن لا أحد يستطيع الوصول إلى هذا المتصفح. تُعاد المحاولة تلقائيًّا.
button-online = Fluence Share: جاهز للمشاركة والجلب.
button-online-shared =
    { $count ->
        [zero] Fluence Share: جاهز، لا ملفات مشارَكة.
        [one] Fluence Share: جاهز، ملف واحد مشارَك.
        [two] Fluence Share: جاهز، ملفان مشارَكان.
        [few] Fluence Share: جاهز، { $count } ملفات مشارَكة.
        [many] Fluence Share: جاهز، { $count } ملفًا مشارَكًا.
       *[other] Fluence Share: جاهز، { $count } ملف مشارَك.
    }
button-moving =
    { $count ->
        [zero] لا ملفات قيد النقل.
        [one] ملف واحد قيد النقل.
        [two] ملفان قيد النقل.
        [few] { $count } ملفات قيد النقل.
        [many] { $count } ملفًا قيد النقل.
       *[other] { $count } ملف قيد النقل.
    }
button-moving-bytes =
    { $count ->
        [zero] لا ملفات قيد النقل، { $size } حتى الآن.
        [one] ملف واحد قيد النقل، { $size } حتى الآن.
        [two] ملفان قيد النقل، { $size } حتى الآن.
        [few] { $count } ملفات قيد النقل، { $size } حتى الآن.
        [many] { $count } ملفًا قيد النقل، { $size } حتى الآن.
       *[other] { $count } ملف قيد النقل، { $size } حتى الآن.
    }
