//! Small dense linear algebra: what fits and their standard errors need.
//!
//! In: symmetric positive definite matrices in row-major order, a few to a few hundred rows. Out: solutions and
//! inverses by Cholesky's factors.
//!
//! Not here: large or sparse matrices.

/// A pivot this much smaller than its diagonal is nothing but rounding errors.
const RESIDUE: f64 = 1e-13;

/// The lower Cholesky factor of a symmetric matrix of `n` rows, in place; `false` where the matrix is not positive
/// definite, and the contents are then of no use.
fn factor(matrix: &mut [f64], n: usize) -> bool {
    for column in 0..n {
        for row in column..n {
            let dot: f64 = (0..column).map(|it| matrix[row * n + it] * matrix[column * n + it]).sum();
            let rest = matrix[row * n + column] - dot;
            if row == column {
                // What is left of a row that follows from the others is rounding. Also false for NaN.
                let least = RESIDUE * matrix[row * n + row].abs();
                if !(rest > least && rest.is_finite()) {
                    return false;
                }
                matrix[row * n + row] = rest.sqrt();
            } else {
                matrix[row * n + column] = rest / matrix[column * n + column];
            }
        }
    }
    true
}

/// Solves `matrix x = right` for a symmetric positive definite matrix; `None` where it is not one.
pub(crate) fn solve(matrix: &[f64], right: &[f64]) -> Option<Vec<f64>> {
    let n = right.len();
    let mut lower = matrix.to_vec();
    factor(&mut lower, n).then(|| {
        let mut x = right.to_vec();
        substitute(&lower, &mut x);
        x
    })
}

/// The inverse of a symmetric positive definite matrix of `n` rows; `None` where it is not one.
pub(crate) fn inverse(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut lower = matrix.to_vec();
    factor(&mut lower, n).then(|| {
        let mut inverse = vec![0.0; n * n];
        let mut column = vec![0.0; n];
        for idx in 0..n {
            column.fill(0.0);
            column[idx] = 1.0;
            substitute(&lower, &mut column);
            for row in 0..n {
                inverse[row * n + idx] = column[row];
            }
        }
        inverse
    })
}

/// Solves with the factor, forwards and backwards, in place.
fn substitute(lower: &[f64], x: &mut [f64]) {
    let n = x.len();
    for row in 0..n {
        let dot: f64 = (0..row).map(|it| lower[row * n + it] * x[it]).sum();
        x[row] = (x[row] - dot) / lower[row * n + row];
    }
    for row in (0..n).rev() {
        let dot: f64 = (row + 1..n).map(|it| lower[it * n + row] * x[it]).sum();
        x[row] = (x[row] - dot) / lower[row * n + row];
    }
}

#[cfg(test)]
mod tests {
    use super::{inverse, solve};

    const MATRIX: [f64; 9] = [4.0, 2.0, 0.5, 2.0, 5.0, 1.0, 0.5, 1.0, 3.0];

    #[test]
    fn a_solution_solves() {
        let x = solve(&MATRIX, &[1.0, -2.0, 3.0]).unwrap();
        for (row, want) in [1.0, -2.0, 3.0].into_iter().enumerate() {
            let got: f64 = (0..3).map(|it| MATRIX[row * 3 + it] * x[it]).sum();
            assert!((got - want).abs() < 1e-14);
        }
    }

    #[test]
    fn a_matrix_times_its_inverse_is_one() {
        let inverse = inverse(&MATRIX, 3).unwrap();
        for row in 0..3 {
            for column in 0..3 {
                let got: f64 = (0..3).map(|it| MATRIX[row * 3 + it] * inverse[it * 3 + column]).sum();
                assert!((got - f64::from(u8::from(row == column))).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn what_is_not_positive_definite_is_refused() {
        assert_eq!(solve(&[1.0, 1.0, 1.0, 1.0], &[1.0, 1.0]), None);
        assert_eq!(solve(&[f64::NAN], &[1.0]), None);
    }
}
