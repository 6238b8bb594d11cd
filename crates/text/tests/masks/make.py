"""Makes the sets of marked texts beside this file: python3 make.py

Names, addresses and numbers are invented; check digits are computed here, apart from the code that is tested. What is to be
masked stands as <<kind|value>>. Keys of services are written in parts, so that this file holds none.
"""
import json, pathlib


def luhn(body):
    total = sum(int(d) if n % 2 else sum(divmod(2 * int(d), 10)) for n, d in enumerate(reversed(body)))
    return body + str(-total % 10)


def grouped(text, *sizes, by=" "):
    out, at = [], 0
    for size in sizes:
        out.append(text[at : at + size])
        at += size
    assert at == len(text), (text, sizes)
    return by.join(out)


def card(body, *sizes, by=" "):
    return grouped(luhn(body), *sizes, by=by) if sizes else luhn(body)


def iban(country, bban, spaced=True):
    number = "".join(str(int(c, 36)) for c in bban + country) + "00"
    whole = f"{country}{98 - int(number) % 97:02d}{bban}"
    return " ".join(whole[n : n + 4] for n in range(0, len(whole), 4)) if spaced else whole


def snils(body):
    check = sum(int(d) * w for d, w in zip(body, range(9, 0, -1))) % 101 % 100
    return f"{body[:3]}-{body[3:6]}-{body[6:]} {check:02d}"


def inn(body):
    for _ in range(2 if len(body) == 10 else 1):
        weights = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8][11 - len(body) :]
        body += str(sum(int(d) * w for d, w in zip(body, weights)) % 11 % 10)
    return body


def resident(body):
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights)) % 11]


def steuer(body):
    product = 10
    for d in body:
        total = (int(d) + product) % 10 or 10
        product = total * 2 % 11
    return body + str((11 - product) % 10)


def nir(body):
    return body + f"{97 - int(body) % 97:02d}"


def dni(body):
    return body + "TRWAGMYFPDXBNJZSQVHLCKE"[int(body) % 23]


def nie(first, body):
    return first + body + "TRWAGMYFPDXBNJZSQVHLCKE"[int(str("XYZ".index(first)) + body) % 23]


def fiscale(body):
    odd = dict(zip("0123456789", [1, 0, 5, 7, 9, 13, 15, 17, 19, 21]))
    odd |= dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]))
    value = lambda c: int(c) if c.isdigit() else ord(c) - 65
    return body + chr(65 + sum(odd[c] if n % 2 == 0 else value(c) for n, c in enumerate(body)) % 26)


def pesel(body):
    return body + str(-sum(int(d) * w for d, w in zip(body, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3])) % 10)


def bsn(body):
    return body + str(sum(int(d) * w for d, w in zip(body, range(9, 1, -1))) % 11)


def belgian(a, b, c, order):
    return f"{a}.{b}.{c}-{order}.{97 - int(a + b + c + order) % 97:02d}"


SK = "s" + "k-proj-t4Gq9Xw2LmZ8vKp1RbY6nD3c"
GH = "gh" + "p_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
AWS = "AK" + "IAQ3EGXMPL7TR5ZK2W"
JWT = "ey" + "JhbGciOiJIUzI1NiJ9.ey" + "JzdWIiOiI0MiIsIm4iOiJ0ZXN0In0.Xk3vQ9pLr8TnW2sYb7CdEf"
SLACK = "xo" + "xb-204812340987-k3Lm9PqRsT7uVwX"
GL = "glp" + "at-Zx81Kq_92LmPw0Rt7v"
BEARER = "q8Zt3mXv0PkL5nRy7WdC2sHa"

EN = [
    # e-mail
    "Please write to <<email|anna.lindqvist@example.com>> before Friday.",
    "cc: <<email|j.o'hara+news@mail.example.co.uk>>, thanks",
    "Contact us: <<email|Support-Team_7@sub.example.org>>.",
    "You can reach me at <<email|marta (at) example.net>> if needed",
    "(<<email|b.tanaka@example.io>>) replied to <<email|info@example.museum>>",
    "mailto:<<email|hello@xn--bcher-kva.example>>?subject=Hi",
    "His address is <<email|jürgen@bücher.example>>, I think",
    "From: Paul <<<email|paul99@example.com>>>",
    # phone
    "Call me on <<phone|+1 (415) 555-0132>> tonight",
    "phone: <<phone|415-555-0147>>",
    "Our office, <<phone|(212) 555-0199>>, opens at 9",
    "UK line <<phone|+44 20 7946 0958>> or <<phone|020 7946 0991>>",
    "whatsapp <<phone|+49 151 23456789>>",
    "Berlin: <<phone|030/23125 678>> (weekdays)",
    "Text me at <<phone|07700 900461>>!",
    "fax <<phone|+33 1 99 00 12 34>>, Paris",
    "Paris office 9-17h: <<phone|01 99 00 12 35>>",
    "dial <<phone|001 415 555 0166>> from abroad",
    "My cell is <<phone|4155550178>> ok?",
    "reach me: <<phone|415.555.0183>>",
    "Tel. <<phone|+34 612 345 678>> Madrid",
    "call <<phone|555-0142>> and ask for the manager",
    # card
    f"I paid with <<card|{card('424242424242424', 4, 4, 4, 4)}>> yesterday",
    f"card no <<card|{card('555555555555444')}>>, exp 12/27",
    f"Amex <<card|{card('37828224631000', 4, 6, 5)}>> was declined",
    f"charged twice on <<card|{card('601111111111111', 4, 4, 4, 4, by='-')}>>",
    f"The number is <<card|{card('401288888888188')}>>.",
    f"Visa:<<card|{card('453201511283036', 4, 4, 4, 4)}>> cvv 123".replace("cvv 123", "cvv: <<secret|123>>"),
    # iban
    f"Transfer it to <<iban|{iban('DE', '370400440532013000')}>> please",
    f"IBAN <<iban|{iban('GB', 'WEST12345698765432', False)}>>",
    f"account {'<<iban|' + iban('FR', '20041010050500013M02606') + '>>'}, Paris branch",
    f"my iban is <<iban|{iban('NL', 'ABNA0417164300', False)}>>, bic ABNANL2A",
    f"to <<iban|{iban('ES', '21000418450200051332')}>>.",
    # ids
    "SSN: <<national_id|219-09-9998>>",
    "social security number <<national_id|536 22 8726>> on file",
    "her ssn is <<national_id|078051121>>",
    f"Steuer-ID <<national_id|{grouped(steuer('8609574271'), 2, 3, 3, 3)}>>",
    f"Steueridentifikationsnummer: <<national_id|{steuer('4703689281')}>>",
    f"NIR <<national_id|{grouped(nir('2690549588157'), 1, 2, 2, 2, 3, 3, 2)}>>",
    f"numéro de sécu <<national_id|{nir('1850578006084')}>>",
    f"DNI <<national_id|{dni('12345678')}>> renewed",
    f"NIE: <<national_id|{nie('X', '1234567')}>>",
    f"codice fiscale <<national_id|{fiscale('RSSMRA85T10A562')}>>",
    f"PESEL <<national_id|{pesel('4405140135')}>>",
    f"BSN <<national_id|{bsn('11122233')}>>",
    f"rijksregister <<national_id|{belgian('85', '07', '30', '033')}>>",
    "NI number <<national_id|AB 12 34 56 C>>",
    "the ITIN 9xx was <<national_id|912-70-1234>>",
    # passport
    "passport no. <<passport|K12345678>> expires soon",
    "US passport <<passport|512345678>>",
    "Reisepass Nr. <<passport|C01X00T47>>",
    "Passport number: <<passport|AB1234567>>",
    "passeport <<passport|12AB34567>>, délivré à Lyon",
    "lost my passport, its number is <<passport|925665416>>",
    # ip
    "login from <<ip|203.0.113.57>> failed",
    "the server at <<ip|10.20.30.41>>:8080 is down",
    "blocked: <<ip|2001:db8:85a3::8a2e:370:7334>>",
    "from <<ip|fe80::1ff:fe23:4567:890a>> to <<ip|198.51.100.23>>",
    "IP address is <<ip|192.0.2.146>>.",
    # secret
    f"export OPENAI_API_KEY=<<secret|{SK}>>",
    f"git clone with <<secret|{GH}>> works",
    f"aws key <<secret|{AWS}>> leaked",
    f"cookie: <<secret|{JWT}>>",
    f"Authorization: Bearer <<secret|{BEARER}>>",
    "postgres://<<secret|admin:s3cr3tPw>>@db.example.com:5432/app",
    "https://example.com/reset?token=<<secret|9f86d081884c7d65>>&lang=en",
    "the wifi password is <<secret|Sunny-Day42>>, enjoy",
    f"slack <<secret|{SLACK}>>",
    "password: <<secret|correct!horse>>",
    "your PIN: <<secret|4821>>",
    # name
    "Mr. <<name|Olaf Brandt>> opened the ticket",
    "I spoke with Dr <<name|Amara Nwosu-Field>> about it",
    "Dear Ms. <<name|Delacroix>>, thank you",
    "Frau <<name|von Allersleben>> hat angerufen",
    "Prof. <<name|J. K. Halvorsen>> agreed",
    "Mrs <<name|O'Malley>>'s order arrived late",
    "My name is <<name|Tobias Renner>> and I want a refund",
    "Signora <<name|Bellandi>> called twice",
    "Regards, <<name|Priya Raman>>",
    "I asked <<name|Kevin>> to fix it",
]

EN_NOT = [
    "The meeting is on 2024-05-17 at 14:30.",
    "It cost $1,299.99, down from $1,499.99.",
    "Order #4512345678 shipped on 05/11/2023.",
    "invoice 2023-000123-4567 is overdue",
    "Version 2.10.4.1 fixes the crash",
    "Section 3.1.4.2 of the contract",
    "N,N-dimethyl-3,5-dinitrobenzamide, CAS 123-45-5",
    "2,2,4-trimethylpentane boils at 99 °C",
    "They won 3-2 (6-4, 3-6, 7-6)",
    "ISBN 978-3-16-148410-0",
    "Flight LH 1234 from gate B22 to JFK",
    "article no. 100.234.56 is sold out",
    "The population is 8,336,817 as of 2021",
    "Between 1990-2005 the number doubled to 1000000.",
    "std::vector<int> and abc::def are C++",
    "See RFC 2616 and ISO 8601:2004",
    "The ratio is 3.14159265358979",
    "tracking number 9400111899223100001234",
    "Latitude 52.520008, longitude 13.404954",
    "We sold 100 000 000 units by 2019",
    "localhost is 127.0.0.1 and the mask 255.255.255.0",
    "model XJ-900-1234-55, serial 00012345678",
    "Windows 10.0.19045.3803 build",
    "page 12-345, table 6-7-8",
    "password: required",
    "Enter your password and token to go on.",
    "The secret is patience.",
    "Mr. President, Dr. Pepper is a drink",
    "Mr and Mrs do not need to sign",
    "twitter @anna and the tag #call911",
    "scikit-learn, risk-adjusted-return-2024-model",
    "At 12:30:45 the sensor read 00:1a",
    "zip 90210-1234, unit 5",
    "1 + 1 = 2, 15 + 20000000 = 20000015",
    "the score was 21-15, 19-21, 21-18 after 62 minutes",
    "temperature -12.5 to +37.8 degrees",
    "EAN 4006381333931 is printed on the box",
    "case no. 2:19-cv-04567-ABC",
    "grant 5R01GM123456-04",
    "DOI 10.1000/xyz123 and arXiv:2301.01234v2",
    "It rained 12.05.2023 through 14.06.2023 12:30",
    "2019-2024 was 1234567 dollars",
    "SKU 4111-22-333 costs 45 EUR",
    "phone 14 Pro Max 256 GB is out",
    "call option with 1000000 shares",
    "dial-up at 56000 bps in 1998",
    "the 0800 hour train, platform 12 34",
    "https://example.com/p/1234567890123456?page=2&sort=asc",
    "UTC+02:00 and GMT+3",
    "hash 3f786850e387550fdabed01 in commit a94a8fe5",
]

RU = [
    # e-mail
    "Пишите на <<email|anna.serova@example.ru>> до пятницы.",
    "почта:<<email|i.petrov_77@mail.example.com>>",
    "Мой ящик — <<email|почта@пример.рф>>, жду",
    "Ответьте <<email|support@xn--e1afmkfd.example>>!",
    "копия <<email|m-orlova@example.org>>; срочно",
    "адрес <<email|ivan.k (at) example.net>> без спама",
    # phone
    "Звоните <<phone|+7 (912) 345-67-89>> с 9 до 18",
    "тел. <<phone|8 (495) 123-45-67>>",
    "мой номер <<phone|89161234567>>",
    "Телефон: <<phone|8-926-765-43-21>>",
    "вотсап <<phone|+79031234567>>",
    "наберите <<phone|123-45-67>> после обеда",
    "моб. <<phone|8 916 555 12 34>>, спросить Олю",
    "(812) офис: <<phone|(812) 335-12-34>>",
    "по номеру <<phone|912-345-67-80>> никто не отвечает",
    "Киев <<phone|+380 44 123 45 67>>",
    "Минск: <<phone|+375 29 123-45-67>>",
    "позвоните на <<phone|7 (343) 222-33-44>>",
    "сотовый <<phone|9161234568>>",
    "Алматы <<phone|+7 727 250 10 20>>",
    # card
    f"Карта <<card|{card('427638001234567', 4, 4, 4, 4)}>> заблокирована",
    f"перевёл на <<card|{card('220220012345678')}>>",
    f"номер карты: <<card|{card('546938123456789', 4, 4, 4, 4, by='-')}>>",
    f"Мир <<card|{card('220070123456789', 4, 4, 4, 4)}>>, срок 05/28",
    f"списали с <<card|{card('553691987654321')}>> дважды",
    # iban
    f"счёт <<iban|{iban('KZ', '125KZT5004100100')}>>",
    f"IBAN: <<iban|{iban('BY', 'NBRB3600900000002Z00AB00', False)}>>",
    f"переведите на <<iban|{iban('DE', '500105170648489890')}>> завтра",
    f"счет <<iban|{iban('UA', '3223130000026007233566001', False)}>> в Киеве",
    # ids
    f"СНИЛС <<national_id|{snils('112233445')}>>",
    f"страховой номер {'<<national_id|' + snils('087654303') + '>>'}",
    f"снилс: <<national_id|{snils('123456789').replace('-', '').replace(' ', '')}>>",
    f"ИНН <<national_id|{inn('5001007322')}>>",
    f"ИНН организации: <<national_id|{inn('770708389')}>>",
    f"мой инн <<national_id|{inn('7743013902')}>>, проверьте",
    f"ИНН/КПП <<national_id|{inn('781234567')}>>/781201001",
    f"укажите СНИЛС ({'<<national_id|' + snils('145678902') + '>>'}) в заявлении",
    # passport
    "паспорт <<passport|45 12 345678>> выдан в 2012 году",
    "Паспорт серия <<passport|4509 № 123456>>",
    "паспортные данные: <<passport|4010 654321>>, УФМС",
    "серия <<passport|60 15 номер 987654>>",
    "по паспорту <<passport|4511223344>> прописан в Туле",
    "загранпаспорт <<passport|72 1234567>>",
    "предъявил паспорт гражданина РФ <<passport|46 08 112233>>",
    # ip
    "вход с адреса <<ip|203.0.113.77>>",
    "сервер <<ip|10.11.12.130>> не отвечает",
    "IP: <<ip|2001:db8::ff00:42:8329>>",
    "заблокирован <<ip|198.51.100.200>>, порт 22",
    # secret
    "пароль: <<secret|qwerty123>>",
    "логин ivan, пароль <<secret|Zima!2024>>".replace("пароль <<", "пароль - <<"),
    f"ключ API: <<secret|{SK}>>",
    f"токен <<secret|{GH}>> утёк",
    "https://<<secret|user:parol99>>@example.ru/git",
    "ссылка https://example.ru/in?access_token=<<secret|ab12cd34ef56>>",
    "пин-код: <<secret|9071>>",
    f"заголовок Authorization: Bearer <<secret|{BEARER}>>",
    f"в логах лежит <<secret|{GL}>>",
    # name
    "Заявление подал <<name|Кротов Илья Андреевич>>.",
    "Вчера <<name|Мария Сергеевна>> звонила в банк",
    "договор с <<name|Лебедевой Ольгой Викторовной>> расторгнут",
    "г-н <<name|Самойлов>> не пришёл",
    "Уважаемая госпожа <<name|Тарасенко>>!",
    "Директор <<name|П. Р. Власов>> подписал",
    "<<name|Жданов А.В.>> уволен",
    "передал <<name|Ивану Петровичу Зайцеву>> лично",
    "Обратился к господину <<name|Ковальскому>>",
    "врач <<name|Белова Н. К.>> на больничном",
    "по словам <<name|Андрея Ильича>>, всё готово",
    "менеджер <<name|Светлана>> нагрубила",
    "Меня зовут <<name|Артём Голубев>>, верните деньги",
    "с уважением, <<name|Дарья Мишина>>",
]

RU_NOT = [
    "Встреча 17.05.2024 в 14:30.",
    "Цена 1 299 990 руб., скидка 15 %",
    "Заказ № 4512345678 отправлен",
    "накладная 89123456789 от 05.11.2023",
    "версия 2.10.4.1 исправляет ошибку",
    "раздел 3.1.4.2 договора",
    "2,4-динитрофенилгидразин, CAS 119-26-6",
    "Счёт 3:2 (1:0, 1:1, 1:1)",
    "ISBN 978-5-17-118366-0",
    "рейс SU 1234 из Шереметьева",
    "артикул 100-234-56 закончился",
    "Население 12 655 050 человек в 2021 году",
    "в 1990-2005 годах вдвое",
    "ГОСТ 7.32-2017, СП 52.13330.2016",
    "число пи 3,14159265358979",
    "трек 80083975345671",
    "координаты 55.755826, 37.617300",
    "продано 100 000 000 штук",
    "локальный адрес 127.0.0.1",
    "модель ВАЗ-2107, двигатель 21067",
    "статья 158 ч. 2 УК РФ, п. 3",
    "стр. 12-345, табл. 6",
    "введите пароль и логин",
    "пароль: обязателен",
    "температура от -12,5 до +37,8",
    "Улица Льва Толстого, дом 16",
    "Великая Отечественная война 1941-1945",
    "Нижний Новгород и Ростов-на-Дону",
    "рост 180 см, вес 75,5 кг",
    "площадь 1 234,56 кв. м",
    "бюджет 8 912 345 678 рублей",
    "выручка 79 123 456 789 рублей",
    "паспорт изделия на 24 страницах",
    "паспорт проекта 2024 года",
    "дело № А40-123456/2023",
    "кадастровый номер 77:01:0004042:1234",
    "БИК 044525225, КПП 770701001",
    "ОГРН 1027700132195",
    "счет 40817810099910004312 в банке",
    "код 8 800 лет назад",
    "по телефону ничего не решили за 2023 год",
    "Мобильный интернет 5G на 100 Мбит/с",
    "Господин президент выступил",
    "Москва и Санкт-Петербург, Россия",
    "ставка 7,75-8,25 % годовых",
    "матч 21:15, 19:21, 21:18",
    "тираж 10 000 экз., 2-е изд.",
    "маршрут 45 12 и 34 56 в 78 районах",
    "ИНН нужно указать в 12 полях",
    "доллар 92,5058, евро 99,1234",
]

ZH = [
    # e-mail
    "请发邮件到<<email|zhang.wei@example.cn>>谢谢",
    "邮箱：<<email|li_na88@mail.example.com>>。",
    "联系我<<email|用户@例子.公司>>，谢谢",
    "抄送 <<email|wang+work@example.com.cn>>",
    "我的邮箱是<<email|８８８６６６＠example.com>>",
    # phone
    "电话<<phone|13812345678>>，随时联系",
    "手机号：<<phone|186 1234 5678>>",
    "加微信<<phone|15912345678>>",
    "请拨打<<phone|010-62345678>>",
    "座机（<<phone|021）5834 1234>>".replace("（<<phone|021）", "<<phone|（021）"),
    "国际：<<phone|+86 139 1234 5678>>",
    "<<phone|+8617712345678>>是他的号码",
    "香港<<phone|+852 2123 4567>>",
    "联系方式 <<phone|0755-86012345>>",
    "我的号码是<<phone|１３７１２３４５６７８>>",
    "台北 <<phone|+886 2 2345 6789>>",
    "打<<phone|177-1234-5678>>找我",
    "传真：<<phone|0571-8765432>>",
    "美国 <<phone|+1 415 555 0132>>",
    # card
    f"银行卡<<card|{card('622202123456789012')}>>被冻结",
    f"卡号：<<card|{card('621700123456789012', 4, 4, 4, 4, 3)}>>",
    f"信用卡 <<card|{card('622588123456789', 4, 4, 4, 4)}>>",
    f"用<<card|{card('436742123456789')}>>付款",
    f"尾号不对，完整卡号<<card|{card('355888123456789')}>>",
    f"Visa卡<<card|{card('491234567890123', 4, 4, 4, 4, by='-')}>>",
    # iban
    f"IBAN是<<iban|{iban('DE', '370400440532013001')}>>",
    f"汇到<<iban|{iban('GB', 'NWBK60161331926819', False)}>>即可",
    f"欧洲账户：<<iban|{iban('AT', '1904300234573201')}>>",
    # ids
    f"身份证号<<national_id|{resident('11010519491231002')}>>",
    f"身份证：<<national_id|{resident('44030119900307651')}>>。",
    f"证件号码 <<national_id|{resident('31010419881123234')}>>",
    f"我叫什么不重要，号码是<<national_id|{resident('51010720010229001'.replace('20010229', '20000229'))}>>",
    f"居民身份证{'<<national_id|' + resident('32058219760815123').lower() + '>>'}已过期",
    f"ID:<<national_id|{resident('65010219950630442')}>>",
    # passport
    "护照号码：<<passport|E12345678>>",
    "护照<<passport|G87654321>>丢失",
    "我的护照号是<<passport|EA1234567>>",
    "护照号 <<passport|PE1234567>>，因公",
    "港澳通行证<<passport|C12345678>>",
    "台胞证号<<passport|T12345678>>".replace("台胞证号", "台胞证"),
    # ip
    "来自<<ip|203.0.113.99>>的登录",
    "服务器<<ip|10.66.77.88>>宕机",
    "IP地址：<<ip|2001:db8:0:1::abcd:12>>",
    "客户端 <<ip|198.51.100.7>>:443",
    "封禁<<ip|192.0.2.33>>。",
    # secret
    "密码：<<secret|abc12345>>",
    "验证码是<<secret|482913>>，请勿泄露",
    f"密钥<<secret|{SK}>>泄露了",
    f"令牌：<<secret|{GH}>>",
    "连接 mysql://<<secret|root:Pa55word>>@db.example.cn/app",
    "链接https://example.cn/login?token=<<secret|f00dbabe1234>>",
    f"阿里云 token: <<secret|{BEARER}>>",
    "wifi密码是<<secret|xiaomi@2024>>",
    f"日志里有<<secret|{AWS}>>",
    # name
    "<<name|王小明>>先生，您好",
    "请联系<<name|张丽华>>女士",
    "姓名：<<name|李国强>>",
    "收件人：<<name|欧阳静>>",
    "<<name|陈雨>>老师今天请假",
    "我叫<<name|赵子轩>>，来投诉",
    "<<name|周杰>>医生很负责",
    "联系人 <<name|孙丽>>，电话稍后发",
    "客服<<name|刘芳>>态度差",
    "感谢<<name|吴晓琳>>的帮助",
    "患者<<name|郑文博>>，男",
    "和<<name|黄志远>>经理谈过",
    "<<name|许婷婷>>小姐已退款",
    "昨天<<name|冯建国>>来过",
]

ZH_NOT = [
    "会议时间是2024年5月17日14:30。",
    "价格1299.99元，原价1499元",
    "订单号13812345678已发货",
    "快递单号 75312345678901",
    "版本2.10.4.1修复了崩溃",
    "第3.1.4.2节",
    "2,4-二硝基苯肼，CAS 119-26-6",
    "比分3-2（25-21，19-25，15-13）",
    "ISBN 978-7-111-54742-6",
    "航班CA1234从北京飞往上海",
    "货号100-234-56缺货",
    "人口1411778724人",
    "1990-2005年翻了一番",
    "GB/T 11643-1999标准",
    "圆周率3.14159265358979",
    "经纬度39.904200，116.407396",
    "销量100000000件",
    "本机地址127.0.0.1",
    "型号XJ-900-1234",
    "密码不能为空",
    "请输入密码和验证码",
    "气温零下12.5到37.8度",
    "关于老师的问题",
    "有的老师说得对",
    "老师说明天放假",
    "王先生和李女士结婚了",
    "高级经理和主任都来了",
    "周围的同学都笑了",
    "上证指数3012.45点，涨0.56%",
    "面积123.45平方米",
    "编号202405170001",
    "统一社会信用代码91110108MA01ABCD2X",
    "邮编100084",
    "QQ群里有2000人",
    "G1234次列车8车12A座",
    "2023-2024学年第1学期",
    "共12345678票赞成",
    "护照办理需要5个工作日",
    "身份证复印件2份",
    "电话会议2小时",
    "手机价格5999元起",
    "手机iPhone 15 Pro 256GB",
    "收入增长1234567890元",
    "比例为1:2:3",
    "公元前221年秦始皇统一六国",
    "第10届第3次会议",
    "合同编号HT-2024-0517-001",
    "请问老师在吗",
    "白衣先生是小说人物",
    "马上联系负责人处理",
]


def escape(line):
    for start in ["sk-", "ghp_", "glpat-", "AKIA", "xoxb-", "Bearer "]:
        line = line.replace(start, f"\\u{ord(start[0]):04x}{start[1:]}")
    return line


for name, texts in {"en": EN + EN_NOT, "ru": RU + RU_NOT, "zh": ZH + ZH_NOT}.items():
    lines = [escape(json.dumps({"text": text}, ensure_ascii=False)) + "\n" for text in texts]
    pathlib.Path(__file__).with_name(f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    print(name, "marked", sum(text.count("|") for text in texts), "without", sum("<<" not in text for text in texts))
