"""What every embedder must do. A test class for an adapter inherits this and gives `embedder`."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from inference.embedder import Embedder

TEXTS = [
    "Ivan Pavlov studied conditioned reflexes in dogs.",
    "Brenda Milner",
    "Edward Tolman: rats form maps of mazes, he held, and not chains of reflexes only.",
    "巴甫洛夫研究条件反射。",
    "درس بافلوف المنعكسات الشرطية عند الكلاب.",
    "Павлов изучал условные рефлексы.",
    "Memory.\n\nIn 1885 Ebbinghaus forgot 🧠 nonsense syllables\tand wrote down how many.",
    "long " * 2000,
    " ",
    "\ud800 half of a surrogate pair",
    *(f"Trial {number} of the maze" for number in range(60)),
]


class EmbedderConformance:
    """Behaviour of the port `inference.embedder.Embedder`."""

    @pytest.fixture
    def embedder(self) -> Embedder:
        raise NotImplementedError("give an embedder to test")

    def test_vectors_are_float32_rows_of_the_named_dimension(self, embedder: Embedder) -> None:
        vectors = embedder.embed(TEXTS, "passage")
        assert vectors.dtype == np.float32
        assert vectors.shape == (len(TEXTS), embedder.dimension)

    def test_vectors_have_length_one(self, embedder: Embedder) -> None:
        lengths = np.linalg.norm(embedder.embed(TEXTS, "sentence"), axis=1)
        np.testing.assert_allclose(lengths, 1.0, atol=1e-5)

    def test_no_texts_give_no_rows(self, embedder: Embedder) -> None:
        assert embedder.embed([], "passage").shape == (0, embedder.dimension)
        assert embedder.embed([], "query").shape == (0, embedder.dimension)

    def test_an_empty_text_has_a_vector(self, embedder: Embedder) -> None:
        assert np.linalg.norm(embedder.embed([""], "entity")[0]) == pytest.approx(1.0, abs=1e-5)

    def test_a_text_has_the_same_vector_in_every_company(self, embedder: Embedder) -> None:
        together = embedder.embed(TEXTS, "passage")
        alone = np.concatenate([embedder.embed([text], "passage") for text in TEXTS[:12]])
        np.testing.assert_array_equal(together[:12], alone)

    def test_the_order_of_texts_does_not_matter(self, embedder: Embedder) -> None:
        forwards = embedder.embed(TEXTS, "sentence")
        backwards = embedder.embed(TEXTS[::-1], "sentence")
        np.testing.assert_array_equal(forwards, backwards[::-1])

    def test_equal_texts_have_equal_vectors_each_in_its_place(self, embedder: Embedder) -> None:
        vectors = embedder.embed(["maze", "rat", "maze"], "entity")
        np.testing.assert_array_equal(vectors[0], vectors[2])
        assert not np.array_equal(vectors[0], vectors[1])

    def test_similar_texts_are_nearer_than_others(self, embedder: Embedder) -> None:
        near, other, question = embedder.embed(
            ["conditioned reflexes in dogs", "a treaty on tariffs", "conditioned reflex of a dog"],
            "passage",
        )
        assert question @ near > question @ other + 0.2

    def test_progress_adds_up_to_the_number_of_texts(self, embedder: Embedder) -> None:
        texts = [*TEXTS, *TEXTS[:5]]
        done: list[int] = []
        embedder.embed(texts, "passage", done.append)
        assert sum(done) == len(texts)
        done.clear()
        embedder.embed(texts, "passage", done.append)
        assert sum(done) == len(texts)

    def test_several_threads_get_the_vectors_that_one_gets(self, embedder: Embedder) -> None:
        wanted = embedder.embed(TEXTS, "passage")
        with ThreadPoolExecutor(3) as pool:
            parts = pool.map(lambda text: embedder.embed([text], "passage")[0], TEXTS)
        np.testing.assert_array_equal(np.stack(list(parts)), wanted)

    def test_tokens_are_counted(self, embedder: Embedder) -> None:
        assert embedder.count_tokens("") == 0
        assert embedder.count_tokens("a maze") < embedder.count_tokens("a maze for a rat")
        assert embedder.count_tokens("巴甫洛夫研究条件反射") >= 3

    def test_the_model_id_is_not_empty_and_stays(self, embedder: Embedder) -> None:
        assert embedder.model_id
        assert embedder.model_id == embedder.model_id.strip()
        assert embedder.max_tokens > 0
