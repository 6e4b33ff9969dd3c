"""Words of the public page, each in English and Spanish: short sentences, plain words, no cause.

Spanish numbers and percents are those of the United States (CLDR es-US: 1,234 and 78 % with a fixed
space). English is kept at a reading grade of 9 or less (Kincaid et al. 1975); a test measures it.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from data.registry.elements import Element
from metrics.elements import Assessment
from metrics.resident import (
    ALL,
    CALLS,
    DAYS,
    HARDLY,
    MINUTES,
    MOST_ALL,
    NO,
    NONE,
    NOT_RECORDED,
    PARTLY,
    PLACES,
    SHOWN,
    TOO_FEW,
    YES,
    Answer,
    Effect,
    Happened,
    Resident,
    Told,
)
from metrics.wording import marks

EN, ES = "en", "es"
LANGUAGES = (EN, ES)


class Both(NamedTuple):
    """A text in both languages."""

    en: str
    es: str

    def text(self, lang: str, **parts: object) -> str:
        """Return one language, with its parts filled in."""
        chosen = self.es if lang == ES else self.en
        return chosen.format(**parts) if parts else chosen


NBSP = "\N{NO-BREAK SPACE}"
_MONTHS = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre",
    "octubre", "noviembre", "diciembre",
)  # fmt: skip

FOR_RESIDENTS = "For residents · Para residentes"
TITLE = Both(
    "Is our police crisis program following best practice?",
    "¿Sigue las mejores prácticas nuestro programa policial de crisis?",
)
INTRO = Both(
    "CIT is short for Crisis Intervention Team. CIT officers take a 40-hour course on how to help a person"
    " in a mental health crisis. This page says how our program is doing, and how we know.",
    "CIT es la sigla en inglés de Equipo de Intervención en Crisis. Los agentes de CIT toman un curso de"
    " 40 horas sobre cómo ayudar a una persona en una crisis de salud mental. Esta página dice cómo va"
    " nuestro programa y cómo lo sabemos.",
)
DATA_TO = Both(
    "{agency}. The numbers go up to {day}.", "{agency}. Los datos llegan hasta el {day}."
)
SIMULATED = Both(
    "This is a made-up agency, used to show the page.",
    "Esta es una agencia inventada, que se usa para mostrar la página.",
)
ANSWERS_TITLE = Both("What the program does", "Qué hace el programa")
ANSWERS_NOTE = Both(
    "Where our records can tell, we count. Then we say *Yes* from 95 of 100, *No* below 5 of 100, and"
    " *Partly* in between. *Not recorded* does not mean *no*. It means that we do not know.",
    "Donde nuestros registros lo permiten, contamos. Entonces decimos *Sí* desde 95 de 100, *No* por"
    " debajo de 5 de 100, y *En parte* entre los dos. *Sin registro* no quiere decir *no*: quiere decir"
    " que no lo sabemos.",
)
COLUMNS = (
    Both("Question", "Pregunta"),
    Both("Our answer", "Nuestra respuesta"),
    Both("How we know", "Cómo lo sabemos"),
    Both("As of", "Fecha"),
)
CAPTION = Both("{group}: questions and answers", "{group}: preguntas y respuestas")

ANSWERS = {
    YES: Both("Yes", "Sí"),
    PARTLY: Both("Partly", "En parte"),
    NO: Both("No.", "No."),
    NOT_RECORDED: Both("Not recorded", "Sin registro"),
    TOO_FEW: Both(
        "Too few to say without pointing to someone",
        "Muy pocos para decirlo sin señalar a alguien",
    ),
}
PLANNED = Both("No, but it is planned", "No, pero está previsto")

LEVELS = {
    (PLACES, ALL): Both("All of them.", "Todos."),
    (PLACES, MOST_ALL): Both("Nearly all of them.", "Casi todos."),
    (PLACES, "most"): Both("Most of them.", "La mayoría."),
    (PLACES, "some"): Both("Some of them.", "Algunos."),
    (PLACES, NONE): Both("None of them.", "Ninguno."),
    ("people", ALL): Both("All of them.", "Todos."),
    ("people", MOST_ALL): Both("More than 9 in 10.", "Más de 9 de cada 10."),
    ("people", "some"): Both("About {tenths} in 10.", "Unos {tenths} de cada 10."),
    ("people", HARDLY): Both("Fewer than 1 in 10.", "Menos de 1 de cada 10."),
    ("people", NONE): Both("None of them.", "Ninguno."),
    (CALLS, ALL): Both("To all of these calls.", "En todas estas llamadas."),
    (CALLS, MOST_ALL): Both("To more than 9 in 10 calls.", "En más de 9 de cada 10 llamadas."),
    (CALLS, "some"): Both(
        "To about {tenths} in 10 calls.", "En unas {tenths} de cada 10 llamadas."
    ),
    (CALLS, HARDLY): Both("To fewer than 1 in 10 calls.", "En menos de 1 de cada 10 llamadas."),
    (CALLS, NONE): Both("To none of these calls.", "En ninguna de estas llamadas."),
}
ON_DAYS = Both("On {hits} of {of} days.", "En {hits} de {of} días.")
ABOUT_MINUTES = Both(
    "About {minutes} minutes. Half wait less, half wait more.",
    "Unos {minutes} minutos. La mitad espera menos y la mitad espera más.",
)

RECORDS = {
    "coverage": Both("Our duty rosters, last 365 days", "Nuestros turnos, últimos 365 días"),
    "response": Both(
        "Our call records, last 24 months", "Nuestros registros de llamadas, últimos 24 meses"
    ),
    "handoff": Both(
        "Our trip records, last 365 days", "Nuestros registros de traslados, últimos 365 días"
    ),
    "certified": Both("Our staff records", "Nuestros registros de personal"),
    "patrol": Both("Our staff records", "Nuestros registros de personal"),
    "volunteers": Both("Our staff records", "Nuestros registros de personal"),
    "experience": Both("Our training records", "Nuestros registros de cursos"),
    "in_service": Both("Our training records", "Nuestros registros de cursos"),
    "callers": Both("Our training records", "Nuestros registros de cursos"),
    "awareness": Both("Our training records", "Nuestros registros de cursos"),
    "agreements": Both("The papers we keep", "Los documentos que guardamos"),
    "dropoff": Both("What the places told us", "Lo que nos dijeron los lugares"),
}
CHECKED = {
    "self": Both("We checked this ourselves", "Lo revisamos nosotros mismos"),
    "peer_review": Both("Another police agency checked it", "Lo revisó otra agencia de policía"),
    "state_council": Both("The state council checked it", "Lo revisó el consejo del estado"),
    "cit_international": Both("CIT International checked it", "Lo revisó CIT International"),
    "monitor": Both("An outside monitor checked it", "Lo revisó un supervisor externo"),
}
CHECKED_BY_SOMEONE = Both(
    "It was checked; we did not note by whom", "Se revisó; no anotamos quién lo hizo"
)
WITH = Both("{who}, with {instrument}", "{who}, con {instrument}")
NOBODY_SAID = Both("No one has noted this", "Nadie lo ha anotado")

HAPPENED_TITLE = Both("What happened to people", "Qué pasó con las personas")
HAPPENED_PERIOD = Both(
    "These are crisis calls from {start} to {end}, all in one. We leave out small numbers, so that no one"
    " can be picked out.",
    "Son las llamadas de crisis del {start} al {end}, todas juntas. No mostramos números pequeños, para"
    " que no se pueda reconocer a nadie.",
)
HAPPENED_COUNT = Both(
    "There were {contacts} times when police met a person in crisis, counting those where we know if the"
    " main officer was a CIT officer.",
    "Hubo {contacts} encuentros de la policía con una persona en crisis, contando aquellos en que sabemos"
    " si el agente principal era de CIT.",
)
NO_PERIOD = Both(
    "We do not have 24 full months of data yet. Until then we publish nothing here.",
    "Todavía no tenemos 24 meses completos de datos. Hasta entonces no publicamos nada aquí.",
)
HAPPENED_COLUMNS = (
    Both("What happened", "Qué pasó"),
    Both("How often", "Con qué frecuencia"),
)
HAPPENED_CAPTION = Both(
    "What happened, as a share of crisis calls", "Qué pasó, como parte de las llamadas de crisis"
)
HAPPENED_ROWS = {
    "force": Both("Police used force", "La policía usó la fuerza"),
    "injury": Both("Someone was hurt", "Alguien resultó herido"),
    "arrest": Both("The person was arrested", "La persona fue arrestada"),
    "emergency_hold": Both(
        "The person was taken to care against their will",
        "La persona fue llevada a recibir atención contra su voluntad",
    ),
    "voluntary_care": Both("The person agreed to get care", "La persona aceptó recibir atención"),
    "resolved_on_scene": Both("It was settled on the spot", "Se resolvió en el lugar"),
}
TOO_FEW_TEXT = Both(
    "too few to publish without identifying someone",
    "muy pocos para publicarlo sin identificar a alguien",
)
NOT_RECORDED_TEXT = Both("not recorded", "sin registro")
UNDER_HALF = Both("fewer than 1 in 100", "menos de 1 de cada 100")
NEARLY_ALL = Both("more than 99 in 100", "más de 99 de cada 100")
NEVER = Both("not once", "ni una vez")

EFFECT_TITLE = Both("Did it go another way with CIT?", "¿Fue distinto con CIT?")
EFFECT_NONE = Both(
    "Our numbers cannot yet say for sure if calls with CIT officers ended in another way.",
    "Nuestros números todavía no permiten decir con seguridad si las llamadas con agentes de CIT"
    " terminaron de otra manera.",
)
EFFECT_SPAN = Both(
    "This looks at all the crisis calls we have on file.",
    "Aquí se miran todas las llamadas de crisis que tenemos en archivo.",
)
EFFECT_LOWER = Both(
    "*{what}*: less often {when}, even after we allowed for the kind of call.",
    "*{what}*: con menos frecuencia {when}, aun tomando en cuenta el tipo de llamada.",
)
EFFECT_HIGHER = Both(
    "*{what}*: more often {when}, even after we allowed for the kind of call.",
    "*{what}*: con más frecuencia {when}, aun tomando en cuenta el tipo de llamada.",
)
WHEN_MAIN = Both("when the main officer was a CIT officer", "cuando el agente principal era de CIT")
WHEN_CAME = Both("when a CIT officer came", "cuando llegó un agente de CIT")
EFFECT_MIXED = Both(
    "A CIT officer came to many of the other calls too. So this does not set calls with CIT beside calls"
    " without.",
    "También a muchas de las demás llamadas llegó un agente de CIT. Así que esto no pone las llamadas con"
    " CIT junto a llamadas sin CIT.",
)
EFFECT_SHARES = Both(
    "About {cit} of these calls, and {other} of the others.",
    "Un {cit} de esas llamadas, y un {other} de las demás.",
)
EFFECT_CAUTION = Both(
    "This does not prove that CIT is the reason. CIT officers chose the work, and are sent to some calls"
    " more than to others.",
    "Esto no prueba que CIT sea la razón. Los agentes de CIT eligieron este trabajo, y se les envía más a"
    " unas llamadas que a otras.",
)

HELP_TITLE = Both("If you need help", "Si necesita ayuda")
HELP = (
    Both(
        "Someone is in danger now: **call 911**. Say that it is a mental health crisis. **Ask for a CIT"
        " officer.**",
        "Alguien está en peligro ahora: **llame al 911**. Diga que es una crisis de salud mental. **Pida un"
        " agente de CIT.**",
    ),
    Both(
        "Tell the call taker what the person needs, what calms them, and if there is a weapon.",
        "Diga a quien conteste qué necesita la persona, qué la calma y si hay un arma.",
    ),
    Both(
        "You want to talk to someone: **call or text 988**, at any hour. It is free.",
        "Quiere hablar con alguien: **llame al 988 y oprima 2 para español**, a toda hora. Es gratis.",
    ),
)
VOICE_TITLE = Both("To complain, or to say thanks", "Para quejarse o dar las gracias")
VOICE = Both(
    "You can complain about how an officer acted. You can also say thanks. Write to or call: {contact}",
    "Puede quejarse de cómo actuó un agente. También puede dar las gracias. Escriba o llame a: {contact}",
)
VOICE_NONE = Both(
    "You can complain about how an officer acted. You can also say thanks. Ask at any police station how"
    " to do it. (The agency has not set a contact for this page.)",
    "Puede quejarse de cómo actuó un agente. También puede dar las gracias. Pregunte en cualquier estación"
    " de policía cómo hacerlo. (La agencia no ha indicado un contacto para esta página.)",
)
MARK = Both("FOR PUBLICATION", "PARA PUBLICACIÓN")
RUNNING = Both("{agency}, data to {day}", "{agency}, datos hasta el {day}")
SEVERAL = Both(
    "This page speaks for one agency, and the store holds several. Load one agency by itself to see it.",
    "Esta página habla de una sola agencia, y el almacén contiene varias. Cargue una sola para verla.",
)
NO_DATA = Both("There is no data yet.", "Todavía no hay datos.")
WEB_FILE = (
    Both("Web page in English", "Página web en inglés"),
    Both("Web page in Spanish", "Página web en español"),
)
WEB_NOTE = Both(
    "A file to put on a web site. It holds this page and needs nothing else.",
    "Un archivo para poner en un sitio web. Contiene esta página y no necesita nada más.",
)


def number(value: int, lang: str) -> str:
    """Return a whole number; the United States write it alike in both languages."""
    return f"{value:,}"


def percent(value: int, lang: str) -> str:
    """Return a whole percent; Spanish has a fixed space before the sign."""
    return f"{value}{NBSP}%" if lang == ES else f"{value}%"


def day(value: date, lang: str) -> str:
    """Return a day, such as "December 31, 2025" or "31 de diciembre de 2025"."""
    if lang == ES:
        return f"{value.day} de {_MONTHS[value.month - 1]} de {value.year}"
    return f"{value:%B} {value.day}, {value.year}"


def question(element: Element, lang: str) -> str:
    """Return an element's question."""
    return element.question_es if lang == ES else element.question


def answer(found: Answer, lang: str) -> str:
    """Return an answer with what it rests on, such as "Partly. About 7 in 10."."""
    parts = []
    if found.assessment is not None and found.assessment.status == "planned":
        parts.append(PLANNED.text(lang))
    elif found.answer != SHOWN:
        parts.append(ANSWERS[found.answer].text(lang))
    if found.told is not None:
        parts.append(told(found.told, lang))
    return " ".join(p if p.endswith(".") else f"{p}." for p in parts)


def told(found: Told, lang: str) -> str:
    """Return a share in words: tenths, never the count of people."""
    if found.unit == DAYS:
        hits, of = (number(n, lang) for n in (found.hits, found.of))
        return ON_DAYS.text(lang, hits=hits, of=of)
    if found.unit == MINUTES:
        return ABOUT_MINUTES.text(lang, minutes=number(found.minutes, lang))
    level = found.level
    if found.unit == PLACES:
        level = "most" if found.tenths >= 5 else level
        level = "some" if level == HARDLY else level
    both = LEVELS[found.unit, level]
    return both.text(lang, tenths=found.tenths) if "{" in both.en else both.text(lang)


def how(found: Answer, lang: str) -> str:
    """Say how an answer is known: which records, or who checked with what."""
    if found.assessment is not None:
        return _checked(found.assessment, lang)
    if found.answer == NOT_RECORDED:
        return NOBODY_SAID.text(lang)
    return RECORDS[str(found.element.computed)].text(lang)


def _checked(one: Assessment, lang: str) -> str:
    who = CHECKED.get(one.assessed_by or "", CHECKED_BY_SOMEONE).text(lang)
    return (
        WITH.text(lang, who=who, instrument=marks.shown(one.instrument)) if one.instrument else who
    )


def as_of(found: Answer, lang: str) -> str:
    """Return the day an answer is of; "" where there is none."""
    return "" if found.as_of is None else day(found.as_of, lang)


def happened(found: Happened, lang: str) -> str:
    """Return how often something happened: whole percent, or why it is not told."""
    if found.reason == NOT_RECORDED:
        return NOT_RECORDED_TEXT.text(lang)
    if found.percent is None:
        return TOO_FEW_TEXT.text(lang)
    if not found.any:
        return NEVER.text(lang)
    if found.percent == 0:
        return UNDER_HALF.text(lang)
    if found.percent == 100:
        return NEARLY_ALL.text(lang)
    return percent(found.percent, lang)


def effect(found: Effect, lang: str) -> str:
    """Say how an outcome differed, where it is clear after adjustment."""
    what = HAPPENED_ROWS[found.outcome].text(lang)
    when = (WHEN_MAIN if found.main else WHEN_CAME).text(lang)
    text = (EFFECT_LOWER if found.lower else EFFECT_HIGHER).text(lang, what=what, when=when)
    if found.with_cit is None or found.without is None:
        return text
    shares = {"cit": percent(found.with_cit, lang), "other": percent(found.without, lang)}
    return f"{text} {EFFECT_SHARES.text(lang, **shares)}"


def effects(found: Resident, lang: str) -> list[str]:
    """Return a line per clear difference; where there is none, that the numbers cannot say."""
    if not found.effects:
        return [EFFECT_NONE.text(lang)]
    mixed = [EFFECT_MIXED.text(lang)] if any(e.mixed for e in found.effects) else []
    told = [effect(e, lang) for e in found.effects]
    return [EFFECT_SPAN.text(lang), *told, *mixed, EFFECT_CAUTION.text(lang)]


def voice(found: Resident, lang: str) -> str:
    """Say how to complain or to say thanks."""
    if found.contact:
        return VOICE.text(lang, contact=marks.shown(found.contact))
    return VOICE_NONE.text(lang)
