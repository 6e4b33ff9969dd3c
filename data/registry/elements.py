"""The elements of a CIT program: what each asks, in English and Spanish, and how it is known.

Adding one is one entry. The 27 that ``program_elements`` can hold are in the order of the dictionary;
after them those that are only ever computed. What the records can tell is computed and never
self-rated (``computed`` names how: see ``metrics.elements``); an assessment of it, where there is one,
stands beside. Sources: Memphis CIT Center, *Core Elements* (Dupont, Cochran & Pillsbury 2007); CIT
International 2019, *Best Practice Guide*; state recognition instruments of Utah, Florida and North
Carolina.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ElementGroup:
    """A part of the scorecard, named in both languages."""

    id: str
    label: str
    label_es: str


@dataclass(frozen=True)
class Element:
    """One element: a short label, and a question that a resident can read, in both languages.

    ``computed`` names how the records tell it, None where only people can. ``assessed`` is False for
    what ``program_elements`` cannot hold. ``context`` marks what is shown and not judged.
    """

    id: str
    group: str
    label: str
    label_es: str
    question: str
    question_es: str
    computed: str | None = None
    assessed: bool = True
    context: bool = False


GROUPS = (
    ElementGroup("response", "When someone calls", "Cuando alguien llama"),
    ElementGroup("officers", "The officers", "Los agentes"),
    ElementGroup("training", "Training", "Capacitación"),
    ElementGroup("care", "Places of care", "Lugares de atención"),
    ElementGroup("partners", "Who runs the program", "Quién dirige el programa"),
    ElementGroup("review", "Checking the work", "Revisión del trabajo"),
)

ELEMENTS = (
    Element(
        "steering_committee_meets",
        "partners",
        "Steering committee meets",
        "El comité directivo se reúne",
        "Does a group of police, health workers and families meet to guide the program?",
        "¿Se reúne un grupo de policías, personal de salud y familias para guiar el programa?",
    ),
    Element(
        "law_enforcement_coordinator",
        "partners",
        "Police coordinator",
        "Coordinador de la policía",
        "Does one person at the police run the program?",
        "¿Hay una persona en la policía que dirige el programa?",
    ),
    Element(
        "mental_health_coordinator",
        "partners",
        "Mental health coordinator",
        "Coordinador de salud mental",
        "Does one person at a health agency help to run it?",
        "¿Hay una persona de un servicio de salud que ayuda a dirigirlo?",
    ),
    Element(
        "advocacy_or_lived_experience_partner",
        "partners",
        "People with lived experience take part",
        "Participan personas con experiencia propia",
        "Do people who have lived through a crisis, or their families, take part?",
        "¿Participan personas que han vivido una crisis, o sus familias?",
    ),
    Element(
        "written_agreement_with_receiving_facility",
        "care",
        "Written agreement with places of care",
        "Acuerdo escrito con lugares de atención",
        "Is there a written deal with the places that take people in?",
        "¿Hay un acuerdo escrito con los lugares que reciben a las personas?",
        computed="agreements",
    ),
    Element(
        "no_refusal_dropoff",
        "care",
        "No-refusal drop-off",
        "Recepción sin rechazo",
        "Can police bring a person in crisis there at any time, with no one turned away?",
        "¿Puede la policía llevar allí a una persona en crisis a toda hora, sin que se rechace a nadie?",
        computed="dropoff",
    ),
    Element(
        "cit_policy_in_force",
        "review",
        "CIT policy in force",
        "Política de CIT en vigor",
        "Is there a written rule on how police handle a crisis?",
        "¿Hay una norma escrita sobre cómo la policía atiende una crisis?",
    ),
    Element(
        "dispatch_policy_names_cit",
        "response",
        "Dispatch policy names CIT",
        "La norma de despacho nombra a CIT",
        "Do the rules say that a CIT officer is to be sent to a crisis?",
        "¿Dicen las normas que se debe enviar un agente de CIT a una crisis?",
    ),
    Element(
        "telecommunicators_trained",
        "training",
        "Call takers trained",
        "Personal de llamadas capacitado",
        "Have the people who answer 911 been trained?",
        "¿Tiene capacitación el personal que contesta el 911?",
        computed="callers",
    ),
    Element(
        "officers_volunteer_and_are_selected",
        "officers",
        "Officers volunteer and are selected",
        "Los agentes se ofrecen y son elegidos",
        "Did CIT officers choose the work, and were they picked for it?",
        "¿Eligieron los agentes de CIT este trabajo, y fueron escogidos para él?",
        computed="volunteers",
    ),
    Element(
        "selection_includes_interview_and_record_review",
        "officers",
        "Selection by interview and record",
        "Selección por entrevista y expediente",
        "Is each one asked questions, and is their record read, before they are picked?",
        "¿Se entrevista a cada uno y se revisa su expediente antes de escogerlo?",
    ),
    Element(
        "patrol_experience_before_training",
        "officers",
        "Patrol experience before training",
        "Experiencia de patrulla antes del curso",
        "Had they worked for at least a year before the course?",
        "¿Habían trabajado al menos un año antes del curso?",
        computed="experience",
    ),
    Element(
        "forty_hour_curriculum",
        "training",
        "40-hour curriculum",
        "Curso de 40 horas",
        "Is the course at least 40 hours long?",
        "¿Dura el curso al menos 40 horas?",
    ),
    Element(
        "people_with_lived_experience_teach",
        "training",
        "People with lived experience teach",
        "Enseñan personas con experiencia propia",
        "Do people who have lived through a crisis help to teach it?",
        "¿Ayudan a enseñarlo personas que han vivido una crisis?",
    ),
    Element(
        "site_visits",
        "training",
        "Site visits",
        "Visitas a lugares de atención",
        "Do officers visit places of care as part of the course?",
        "¿Visitan los agentes lugares de atención como parte del curso?",
    ),
    Element(
        "scenario_practice",
        "training",
        "Scenario practice",
        "Práctica con situaciones",
        "Do officers practice with made-up calls?",
        "¿Practican los agentes con llamadas simuladas?",
    ),
    Element(
        "in_service_every_two_years",
        "training",
        "In-service every two years",
        "Repaso cada dos años",
        "Do CIT officers take a class again every two years?",
        "¿Toman los agentes de CIT otra clase cada dos años?",
        computed="in_service",
    ),
    Element(
        "cit_officer_leads_scene",
        "response",
        "CIT officer leads the scene",
        "El agente de CIT dirige en el lugar",
        "Does the CIT officer lead when several officers come?",
        "¿Dirige el agente de CIT cuando llegan varios agentes?",
    ),
    Element(
        "clinician_available_all_hours",
        "response",
        "Clinician available at all hours",
        "Profesional clínico a toda hora",
        "Can a mental health worker help at any hour, and lead when it is safe?",
        "¿Puede ayudar un profesional de salud mental a toda hora, y dirigir cuando es seguro?",
    ),
    Element(
        "all_others_have_awareness_training",
        "training",
        "Awareness training for everyone else",
        "Formación básica para todos los demás",
        "Have all the other officers had a short class on mental health?",
        "¿Han tomado los demás agentes una clase corta sobre salud mental?",
        computed="awareness",
    ),
    Element(
        "data_collected_on_every_contact",
        "review",
        "Data collected on every contact",
        "Datos de cada contacto",
        "Is a form filled in after each crisis call?",
        "¿Se llena un formulario después de cada llamada de crisis?",
    ),
    Element(
        "data_reviewed_by_committee",
        "review",
        "Data reviewed by the committee",
        "El comité revisa los datos",
        "Does the group that guides the program look at these numbers?",
        "¿Mira estos números el grupo que guía el programa?",
    ),
    Element(
        "recognition_of_officers",
        "officers",
        "Recognition of officers",
        "Reconocimiento a los agentes",
        "Are officers thanked for work done well?",
        "¿Se reconoce a los agentes por el trabajo bien hecho?",
    ),
    Element(
        "program_certified",
        "review",
        "Program certified",
        "Programa certificado",
        "Has a group from outside checked the program?",
        "¿Ha revisado el programa un grupo de fuera?",
    ),
    Element(
        "youth_protocol",
        "response",
        "Protocol for youth",
        "Protocolo para jóvenes",
        "Is there a plan for calls about young people?",
        "¿Hay un plan para las llamadas sobre jóvenes?",
    ),
    Element(
        "veterans_protocol",
        "response",
        "Protocol for veterans",
        "Protocolo para veteranos",
        "Is there a plan for calls about veterans?",
        "¿Hay un plan para las llamadas sobre veteranos?",
    ),
    Element(
        "outreach_to_community",
        "partners",
        "Outreach to the community",
        "Contacto con la comunidad",
        "Does the program reach out to people in town?",
        "¿Se acerca el programa a la comunidad?",
    ),
    Element(
        "coverage",
        "response",
        "A CIT officer on every district and shift",
        "Un agente de CIT en cada distrito y turno",
        "Is a CIT officer on patrol in every district, on every shift?",
        "¿Hay un agente de CIT de patrulla en cada distrito y en cada turno?",
        computed="coverage",
        assessed=False,
    ),
    Element(
        "response_share",
        "response",
        "A CIT officer came",
        "Llegó un agente de CIT",
        "Did a CIT officer come when it was known to be a crisis?",
        "¿Llegó un agente de CIT cuando se sabía que era una crisis?",
        computed="response",
        assessed=False,
    ),
    Element(
        "certification_in_date",
        "officers",
        "Certification in date",
        "Certificación al día",
        "Is the training of CIT officers up to date?",
        "¿Está al día la certificación de los agentes de CIT?",
        computed="certified",
        assessed=False,
    ),
    Element(
        "patrol_share",
        "officers",
        "Share of patrol certified",
        "Parte de la patrulla certificada",
        "How many patrol officers are trained in CIT?",
        "¿Cuántos agentes de patrulla están certificados en CIT?",
        computed="patrol",
        assessed=False,
        context=True,
    ),
    Element(
        "handoff_minutes",
        "care",
        "Wait at hospitals",
        "Espera en los hospitales",
        "How long do officers wait at a hospital?",
        "¿Cuánto esperan los agentes en un hospital?",
        computed="handoff",
        assessed=False,
        context=True,
    ),
)
"""All of them; ids are stable: they stand in files and addresses."""


def element(id_: str) -> Element:
    """Return an element; raise ``KeyError`` if there is none."""
    for entry in ELEMENTS:
        if entry.id == id_:
            return entry
    raise KeyError(id_)
