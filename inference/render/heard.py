"""The form of a song that is rendered, for the card and for paper."""

from inference.music.errors import BadRecipe
from inference.music.form import returns, sections
from inference.music.measure import measure_form
from inference.music.recipe import Recipe
from inference.render.job import RenderJob


def recipe_of(job: RenderJob) -> Recipe | None:
    """None for a song that has none, or a damaged one: a card that says less is better than no song."""
    try:
        return Recipe.from_json(job.recipe_json)
    except BadRecipe:
        return None


def form_of(job: RenderJob) -> str:
    """A letter for each section, as the notes have it.

    Nothing where nobody planned sections, or where none of those that the band chose comes again.
    """
    recipe = recipe_of(job)
    form = job.spec.form or (None if recipe is None else recipe.sampling.form)
    if form is None or job.spec.bars is None:
        return ""
    heard = measure_form(job.score, form, job.spec.bars)
    return heard if job.spec.form or returns(heard) else ""


def letters_of(job: RenderJob) -> dict[int, str]:
    """The letter of each section by its first bar, counted from 0."""
    form = form_of(job)
    starts = (section.start for section in sections(form, job.spec.bars or 0)) if form else ()
    return dict(zip(starts, form, strict=True))
