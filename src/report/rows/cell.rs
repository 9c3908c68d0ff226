//! Text of a log in a cell of a table.

use crate::report::visible;

/// Text from the log in a cell: made visible, and safe from being read as a spreadsheet formula. JSON keeps it unchanged.
pub(crate) fn text_cell(text: &str) -> String {
    let shown = visible(text);
    let formula = shown.starts_with(['=', '+', '-', '@']) && shown.parse::<f64>().is_err();
    if formula { format!("'{shown}") } else { shown.into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula() {
        assert_eq!(text_cell("=1+1"), "'=1+1");
        assert_eq!(text_cell("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(text_cell("-2+3"), "'-2+3");
        assert_eq!(text_cell("\t=1"), "\\t=1");
        assert_eq!(text_cell("-2.5"), "-2.5");
        assert_eq!(text_cell("q=1"), "q=1");
    }
}
