//! Who was compared with whom: whether a ranking without a prior exists.
//!
//! In: for each pair, whether one ever beat the other. Out: groups.
//!
//! Not here: strengths.

use super::RankingError;

/// The items and who beat whom, ties counting both ways.
pub(super) struct Graph {
    /// For each item, those that it beat or tied with.
    beats: Vec<Vec<usize>>,
    beaten_by: Vec<Vec<usize>>,
}

impl Graph {
    pub(super) fn new(n_items: usize, wins: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut graph = Self { beats: vec![Vec::new(); n_items], beaten_by: vec![Vec::new(); n_items] };
        for (winner, loser) in wins {
            graph.beats[winner].push(loser);
            graph.beaten_by[loser].push(winner);
        }
        graph
    }

    /// Items that were compared with nothing.
    pub(super) fn n_alone(&self) -> u32 {
        self.beats.iter().zip(&self.beaten_by).filter(|(a, b)| a.is_empty() && b.is_empty()).count() as u32
    }

    /// The number of groups of items that comparisons join, whoever won; an item alone is a group.
    pub(super) fn n_joined(&self) -> u32 {
        let mut seen = vec![false; self.beats.len()];
        let mut n_groups = 0;
        for start in 0..seen.len() {
            if !seen[start] {
                n_groups += 1;
                walk(start, &mut seen, |item| self.beats[item].iter().chain(&self.beaten_by[item]).copied());
            }
        }
        n_groups
    }

    /// The number of groups within which everybody reaches everybody by winning.
    ///
    /// S. R. Kosaraju's two walks: the order in which a walk along the wins ends, then walks against them.
    fn n_mutual(&self) -> u32 {
        let n = self.beats.len();
        let (mut seen, mut ended) = (vec![false; n], Vec::with_capacity(n));
        for start in 0..n {
            if seen[start] {
                continue;
            }
            seen[start] = true;
            let mut path = vec![(start, 0)];
            while let Some((item, next)) = path.last_mut() {
                if let Some(loser) = self.beats[*item].get(*next).copied() {
                    *next += 1;
                    if !seen[loser] {
                        seen[loser] = true;
                        path.push((loser, 0));
                    }
                } else {
                    ended.push(*item);
                    path.pop();
                }
            }
        }
        seen.fill(false);
        let mut n_groups = 0;
        for start in ended.into_iter().rev() {
            if !seen[start] {
                n_groups += 1;
                walk(start, &mut seen, |item| self.beaten_by[item].iter().copied());
            }
        }
        n_groups
    }

    /// An error where maximum likelihood has no finite strengths.
    pub(super) fn check(&self) -> Result<(), RankingError> {
        let n_groups = self.n_joined();
        if n_groups > 1 {
            return Err(RankingError::Disconnected { n_groups });
        }
        match self.n_mutual() {
            0 | 1 => Ok(()),
            n_groups => Err(RankingError::OneSided { n_groups }),
        }
    }
}

/// Marks all that is reached from `start`.
fn walk<I: Iterator<Item = usize>>(start: usize, seen: &mut [bool], next: impl Fn(usize) -> I) {
    let mut waiting = vec![start];
    seen[start] = true;
    while let Some(item) = waiting.pop() {
        for other in next(item) {
            if !seen[other] {
                seen[other] = true;
                waiting.push(other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Graph;
    use crate::ranking::RankingError;

    #[track_caller]
    fn check(n_items: usize, wins: &[(usize, usize)], want: Result<(), RankingError>) {
        assert_eq!(Graph::new(n_items, wins.iter().copied()).check(), want);
    }

    #[test]
    fn a_circle_of_wins_is_a_ranking() {
        check(3, &[(0, 1), (1, 2), (2, 0)], Ok(()));
    }

    #[test]
    fn a_chain_of_wins_is_one_sided() {
        check(3, &[(0, 1), (1, 2)], Err(RankingError::OneSided { n_groups: 3 }));
    }

    #[test]
    fn two_circles_joined_by_a_win_are_one_sided() {
        let wins = [(0, 1), (1, 0), (2, 3), (3, 2), (0, 2)];
        check(4, &wins, Err(RankingError::OneSided { n_groups: 2 }));
    }

    #[test]
    fn an_item_without_comparisons_is_disconnected() {
        check(3, &[(0, 1), (1, 0)], Err(RankingError::Disconnected { n_groups: 2 }));
    }
}
