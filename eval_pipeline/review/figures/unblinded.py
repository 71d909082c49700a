"""Which sessions a person may be led to with what people or machines said of them: the other side of blindness.

A session that still waits for a reading may be put before anybody, so only those who have answered it, or have looked,
are told what is known of it; one that waits for the same person to read it again is not even his to see. All others are
open to everybody. Held-out labels are never shown one by one, whoever asks. Not here: what the session's own page shows
(`ports.ReviewState`).
"""

MAY_SEE = """(
    not exists (
        select 1 from evals.review_slots w
        where w.session_id = s.session_id and w.is_repeat and w.reviewer = %(person)s and w.state <> 'done')
    and (
        exists (select 1 from evals.reviews mine where mine.session_id = s.session_id and mine.reviewer = %(person)s)
        or exists (
            select 1 from evals.review_reveals seen where seen.session_id = s.session_id and seen.reviewer = %(person)s)
        or not (
            exists (select 1 from evals.review_slots w where w.session_id = s.session_id and w.state <> 'done')
            or exists (
                select 1 from evals.flagged_sessions f
                where f.session_id = s.session_id
                  and (select count(distinct v.reviewer) from evals.reviews v
                       where v.session_id = f.session_id and v.is_blind and not v.is_repeat)
                      < case when f.is_double_review then 2 else 1 end))))"""
"""A condition on the row `s` (it has a `session_id`) of a statement with the parameter `person`."""
