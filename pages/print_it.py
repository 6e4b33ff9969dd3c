"""Print: the one-page brief, the full report and the narrative as files to take along."""

from functools import partial

import streamlit as st

from data.errors import UserError
from data.roles import Right
from metrics.disclosure import release
from metrics.question import ACCESSES, Access
from metrics.wording import printed
from pages.parts import packet_button, taken
from pages.parts.view import current
from pages.print import files, output

view = current()
st.title("Print")
st.markdown(printed.PRINT_INTRO)

role = view.person.role
options: dict[str, Access] = {"internal": ACCESSES[0], "public": ACCESSES[1]}
if not role.may(Right.FIGURES):
    del options["internal"]
chosen = st.segmented_control(
    "For whom",
    list(options),
    default=next(iter(options)),
    required=True,
    key="print_access",
    bind="query-params",
    help=printed.ACCESS_HELP,
)
access = options.get(str(chosen), next(iter(options.values())))
needed = Right.PUBLISHED if access == "public" else Right.FIGURES
if access == "public":
    try:
        release.period_of(view.question, view.snapshot)
    except UserError as refused:
        st.info(f"{printed.NO_PUBLIC_FILTERS} ({refused})", icon=":material/filter_alt_off:")
        st.stop()


def make(kind: str, format_: str) -> bytes:
    """Compute and write a file, when someone asks for it."""
    store = view.snapshot.store
    material = output.gather(view.question, access, view.snapshot, store.settings, store.root)
    return output.render(kind, format_, material)


dates = (view.question.start or view.coverage.first, view.question.end or view.coverage.last)
for kind, label in output.KINDS.items():
    with st.container(border=True):
        st.subheader(label)
        st.markdown(printed.KINDS[kind])
        with st.container(horizontal=True, gap="small"):
            for ending, format_ in output.FORMATS.items():
                taken.button(
                    format_.label,
                    partial(make, kind, ending),
                    files.name(
                        view.title,
                        f"{kind} {access}",
                        dates,
                        view.snapshot.id,
                        ending,
                        filtered=bool(view.question.where),
                    ),
                    format_.mime,
                    key=f"print_{kind}_{ending}",
                    what=kind,
                    view=view,
                    access=access,
                    question=view.question,
                    right=needed,
                )

if role.may(Right.ROWS):
    packet_button.section(view, access)
